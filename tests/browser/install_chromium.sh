#!/bin/sh
# Finds Chromium for the browser tests, or installs Debian's package where that is allowed.
# Without one the tests are left out, loudly; with CI set that is a failure.
for name in chromium chromium-browser google-chrome-stable google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Chromium for the browser tests (apt-get install chromium)"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends chromium >/dev/null; then exit 0; fi
fi
echo "!!! No Chromium on PATH: the browser tests are LEFT OUT. Install the package chromium. !!!" >&2
[ -z "${CI:-}" ]
