# The image does what `make run` does: build the native decoder, install with the
# constraints, then serve.
FROM rust:1.95-slim-trixie AS decoder
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && python3 -m venv /opt/build
WORKDIR /source
COPY constraints.txt ./
RUN /opt/build/bin/python -m pip install --no-cache-dir --constraint constraints.txt maturin
COPY decoder ./decoder
RUN MATURIN_NO_INSTALL_RUST=1 /opt/build/bin/maturin build --release --locked \
    --manifest-path decoder/Cargo.toml --out /wheels

FROM python:3.13-slim-trixie AS build
WORKDIR /source
RUN python -m venv /opt/tracestitch
COPY pyproject.toml constraints.txt README.md ./
COPY analyzer ./analyzer
COPY collector ./collector
COPY docs/causes ./docs/causes
COPY sample_data ./sample_data
COPY storage ./storage
COPY tracestitch ./tracestitch
COPY web ./web
RUN MATURIN_NO_INSTALL_RUST=1 /opt/tracestitch/bin/python -m pip install \
    --no-cache-dir --constraint constraints.txt ".[clickhouse]"
COPY --from=decoder /wheels /wheels
RUN /opt/tracestitch/bin/python -m pip install --no-cache-dir /wheels/*.whl
# The directory belongs to root in the image: what is not kept in it now, every container
# would compile again. -P: what is installed, not what was copied here.
RUN /opt/tracestitch/bin/python -P -c "from web.frame import compile_templates; compile_templates()"

FROM python:3.13-slim-trixie
RUN useradd --create-home --uid 10001 tracestitch \
    && install --directory --owner=tracestitch --group=tracestitch /data
COPY --from=build /opt/tracestitch /opt/tracestitch
ENV PATH=/opt/tracestitch/bin:$PATH PYTHONUNBUFFERED=1
USER tracestitch
WORKDIR /home/tracestitch
VOLUME /data
EXPOSE 4317 4318 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
# A container's loopback cannot be reached from outside: listen on all interfaces.
CMD ["tracestitch", "serve", "--data-dir", "/data", \
    "--grpc-address", "0.0.0.0:4317", \
    "--http-address", "0.0.0.0:4318", \
    "--web-address", "0.0.0.0:8080"]
