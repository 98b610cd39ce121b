# syntax=docker/dockerfile:1
# Two images: the product (`--target vigie`) and the sandbox of the providers (`--target sandbox`).

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p vigie -p sandbox \
    && install -D target/release/vigie target/release/sandbox -t /out

FROM debian:bookworm-slim AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/vigie vigie \
    && install -d -o vigie -g vigie /var/lib/vigie/blobs /var/lib/vigie/secrets
USER vigie
WORKDIR /var/lib/vigie

FROM base AS sandbox
COPY --from=build /out/sandbox /usr/local/bin/sandbox
ENV VIGIE_SANDBOX_ADDR=0.0.0.0:8090
EXPOSE 8090
ENTRYPOINT ["sandbox"]

FROM base AS vigie
COPY --from=build /out/vigie /usr/local/bin/vigie
ENV VIGIE_API_ADDR=0.0.0.0:8080 \
    VIGIE_METRICS_ADDR=0.0.0.0:9464 \
    VIGIE_BLOB_DIR=/var/lib/vigie/blobs \
    VIGIE_LOG_FORMAT=json
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["vigie"]
CMD ["all"]
