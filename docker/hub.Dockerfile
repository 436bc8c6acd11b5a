# Built by `cargo xtask images`, which lays out the context: one folder per architecture.
FROM scratch
ARG TARGETARCH
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# An empty folder that belongs to the user below, so that a fresh volume does too.
COPY --chown=65532:65532 empty /data
COPY ${TARGETARCH}/hub /hub
LABEL org.opencontainers.image.title="Edgewise hub" \
      org.opencontainers.image.description="Takes in what agents measure, keeps it and shows it" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532
VOLUME /data
EXPOSE 8080 1883
ENTRYPOINT ["/hub", "--data", "/data"]
