# One static binary in an empty image, run as nobody in particular.
#
#   docker build -t linger --build-arg COMMIT=$(git rev-parse --short=12 HEAD) .
#   docker run --rm -v linger:/data -p 127.0.0.1:50074:50074 -p 127.0.0.1:8080:8080 linger
#
# Inside, the server binds all addresses, or it could not be reached. There is no authentication: map the ports to the
# host's loopback, as above, unless everyone who can reach the host may read and publish.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# What linger version says it was built from; the repository itself does not come in here.
ARG COMMIT=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X linger/internal/cli.builtFrom=${COMMIT}" -o /out/linger . && mkdir /out/data

FROM scratch
COPY --from=build /out/linger /linger
# Where messages are kept; mount a volume here. The user of the numbers below owns it. The store has a directory of its own
# in it, so that tools can put one beside it.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV LINGER_GRPC=:50074 LINGER_HTTP=:8080 LINGER_STORE=file:/data/linger
EXPOSE 50074 8080
# A large store takes a while to read, during which the server is not healthy yet, and not ill either.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m CMD ["/linger", "health"]
ENTRYPOINT ["/linger"]
CMD ["serve"]
