# The image does what `make run` does: install with the constraints, then serve.
FROM python:3.13-slim AS build
WORKDIR /source
RUN python -m venv /opt/tracestitch
COPY pyproject.toml constraints.txt README.md ./
COPY analyzer ./analyzer
COPY collector ./collector
COPY sample_data ./sample_data
COPY storage ./storage
COPY tracestitch ./tracestitch
COPY web ./web
RUN MATURIN_NO_INSTALL_RUST=1 /opt/tracestitch/bin/python -m pip install \
    --no-cache-dir --constraint constraints.txt .

FROM python:3.13-slim
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
