"""Publishes a message that lives thirty seconds, then prints what is retained and what comes. Ctrl-C ends it."""

import sys

import grpc
from linger.v1 import message_pb2, publish_pb2, publish_pb2_grpc, subscribe_pb2, subscribe_pb2_grpc

address = sys.argv[1] if len(sys.argv) > 1 else "localhost:50074"
channel = grpc.insecure_channel(address)

batch = publish_pb2.Batch(topic="hello", messages=[message_pb2.Message(data=b"Hello from Python")])
batch.ttl.FromSeconds(30)
publish = publish_pb2_grpc.PublishServiceStub(channel)
result = publish.Publish(publish_pb2.PublishRequest(batches=[batch])).results[0]
print(f"published #{result.first_sequence}, kept until {result.expire_time.ToJsonString()}", flush=True)

subscribe = subscribe_pb2_grpc.SubscribeServiceStub(channel)
for response in subscribe.Subscribe(subscribe_pb2.SubscribeRequest(patterns=["hello"])):
    now = response.server_time.ToMilliseconds()
    for run in response.runs:
        left = (run.expire_time.ToMilliseconds() - now) / 1000
        for sequence, message in enumerate(run.messages, run.first_sequence):
            print(f"#{sequence} {left:.1f} s left: {message.data.decode()}", flush=True)
