# Built by `cargo xtask images`, which lays out the context: one folder per architecture.
FROM scratch
ARG TARGETARCH
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# Empty folders that belong to the user below: for what waits on disk, and for the socket of `edge-agent status`.
COPY --chown=65532:65532 empty /var/lib/edgewise
COPY --chown=65532:65532 empty /run/edgewise
COPY ${TARGETARCH}/edge-agent /edge-agent
LABEL org.opencontainers.image.title="Edgewise agent" \
      org.opencontainers.image.description="Measures a Raspberry Pi and its sensors and publishes over MQTT" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532
VOLUME /var/lib/edgewise
ENTRYPOINT ["/edge-agent"]
