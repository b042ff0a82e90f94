# Handoff in a container; compose.yaml runs it with PostgreSQL and Caddy. Each step is a
# script, which the tests run without a container.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
WORKDIR /opt/handoff
COPY bin/image-build bin/
COPY requirements.lock ./
RUN ["bin/image-build", "packages"]
COPY . .
RUN ["bin/image-build", "files"]

FROM ${BASE}
LABEL org.opencontainers.image.title="Handoff" \
      org.opencontainers.image.description="A dashboard over Smartlead's master inbox" \
      org.opencontainers.image.documentation="docs/operating.md"
COPY bin/image-build /usr/local/bin/
RUN ["image-build", "system"]
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/handoff /opt/handoff
RUN ["image-build", "user"]
WORKDIR /opt/handoff
# Nothing is written beside /tmp and var; bytecode was written by the build.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
USER 10001:10001
VOLUME ["/opt/handoff/var"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=120s --retries=3 \
    CMD ["bin/image-health"]
ENTRYPOINT ["bin/image-start"]
CMD ["serve", "--host", "0.0.0.0"]
