"""The exercise's client: one unary call in a loop, each answer printed. Only the address has become an argument."""

import sys

import grpc
import pubsub_pb2
import pubsub_pb2_grpc


def run():
    with grpc.insecure_channel(sys.argv[1]) as channel:
        stub = pubsub_pb2_grpc.pubsubStub(channel)
        while True:
            answer = stub.pubsubServe(pubsub_pb2.mes2server(mes1="client"), timeout=500)
            print(answer.mes2, flush=True)


if __name__ == "__main__":
    run()
