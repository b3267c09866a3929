# The jambox command by itself: `docker build -t jambox .`, then for instance
#
#     docker run --rm -v "$PWD:/work" jambox run package.toml
#     docker run --rm -p 19800:19800 jambox node --listen 0.0.0.0
#
# It runs, debugs and explains services, and serves a chain. To build services (`jambox build`), it
# would need a Rust toolchain beside it.
FROM docker.io/library/rust:1.95-slim-trixie AS build
WORKDIR /jambox
COPY . .
RUN cargo build --locked --profile dist --package jambox-cli

FROM docker.io/library/debian:trixie-slim
COPY --from=build /jambox/target/dist/jambox /usr/local/bin/jambox
RUN useradd --uid 1000 --create-home jambox
USER 1000
WORKDIR /work
EXPOSE 19800
ENTRYPOINT ["jambox"]
CMD ["--help"]
