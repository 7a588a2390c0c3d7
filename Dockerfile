# klamm as an image: docker build -t klamm .
# The same selection of packages as everywhere, so that what is tested is what runs. The profile `dist` is `release`, optimized further.
FROM rust:1.89-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libclang-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /klamm
COPY Cargo.toml Cargo.lock rustfmt.toml ./
COPY schemas schemas
COPY crates crates
COPY services services
COPY ui/dist ui/dist
# The workspace has them, so cargo looks for them.
COPY spec spec
COPY bench/floor bench/floor
COPY bench/pure bench/pure
COPY examples/stream-workers examples/stream-workers
# The caches make a second build short; what they hold is no part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/klamm/target \
    cargo build --profile dist --locked --workspace --bin klamm \
    && cp target/dist/klamm /usr/local/bin/klamm

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin klamm \
    && install -d -o klamm -g klamm /var/lib/klamm
COPY --from=build /usr/local/bin/klamm /usr/local/bin/klamm
USER 10001:10001
WORKDIR /var/lib/klamm
VOLUME /var/lib/klamm
# Within a container all addresses are its own. There is no TLS and no authentication: publish ports only where the network is trusted.
ENV KLAMM_SERVER__IP=0.0.0.0 \
    KLAMM_SERVER__DATA_DIR=/var/lib/klamm
EXPOSE 7233 8233
# 200 while calls are answered, here or by the owner. bash is there, curl is not.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8233 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n1 <&3 | grep -q ' 200'"]
ENTRYPOINT ["klamm"]
CMD ["serve"]
