package server

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"

	"google.golang.org/protobuf/proto"

	"linger/broker"
	"linger/internal/jsonline"
	lingerv1 "linger/proto/linger/v1"
)

// listBytes is where a page of messages ends, so that it stays below the 4 MiB that stock clients accept with what
// stands around each message.
const listBytes = 3 << 20

type retainedService struct {
	*service
	lingerv1.UnimplementedRetainedServiceServer
}

func (s *retainedService) ListMessages(_ context.Context, in *lingerv1.ListMessagesRequest) (*lingerv1.ListMessagesResponse, error) {
	o, err := listOptions(in)
	if err != nil {
		return nil, err
	}
	page, err := s.broker.List(o)
	if err != nil {
		return nil, err
	}
	out := &lingerv1.ListMessagesResponse{
		ServerTime:     timestamp(page.Now),
		Retained:       page.Retained,
		RetainedBytes:  page.RetainedBytes,
		RetainedWithin: page.RetainedWithin,
		Messages:       make([]*lingerv1.RetainedMessage, len(page.Messages)),
	}
	for i, m := range page.Messages {
		if out.Messages[i], err = retained(m, int(in.GetPreviewBytes())); err != nil {
			return nil, err
		}
	}
	if page.More && len(page.Messages) > 0 {
		out.NextPageToken = listToken(in, page.Messages[len(page.Messages)-1])
	}
	return out, nil
}

func listOptions(in *lingerv1.ListMessagesRequest) (broker.ListOptions, error) {
	o := broker.ListOptions{
		Pattern:     in.GetPattern(),
		MinSequence: in.GetMinSequence(),
		MaxSequence: in.GetMaxSequence(),
		Bytes:       listBytes,
	}
	var err error
	switch in.GetOrder() {
	case lingerv1.ListOrder_LIST_ORDER_UNSPECIFIED:
	case lingerv1.ListOrder_LIST_ORDER_EXPIRE_TIME:
		o.ByDeadline = true
	case lingerv1.ListOrder_LIST_ORDER_NEWEST:
		o.Newest = true
	default:
		return o, invalid("order", "%d is not a value this server knows", in.GetOrder())
	}
	if o.MinDeadline, err = instant("min_expire_time", in.GetMinExpireTime()); err != nil {
		return o, err
	}
	if o.MaxDeadline, err = instant("max_expire_time", in.GetMaxExpireTime()); err != nil {
		return o, err
	}
	if o.MinPublish, err = instant("min_publish_time", in.GetMinPublishTime()); err != nil {
		return o, err
	}
	if o.MaxPublish, err = instant("max_publish_time", in.GetMaxPublishTime()); err != nil {
		return o, err
	}
	switch {
	case o.MaxSequence != 0 && o.MinSequence > o.MaxSequence:
		return o, invalid("min_sequence", "%d is above max_sequence, %d", o.MinSequence, o.MaxSequence)
	case o.MaxDeadline != 0 && o.MinDeadline >= o.MaxDeadline:
		return o, invalid("min_expire_time", "%s is not before max_expire_time, %s", jsonInstant(o.MinDeadline), jsonInstant(o.MaxDeadline))
	case o.MaxPublish != 0 && o.MinPublish >= o.MaxPublish:
		return o, invalid("min_publish_time", "%s is not before max_publish_time, %s", jsonInstant(o.MinPublish), jsonInstant(o.MaxPublish))
	}
	if o.Limit, err = pageSize(in.GetPageSize()); err != nil {
		return o, err
	}
	o.After, err = readListToken(in)
	return o, err
}

func jsonInstant(i broker.Instant) string { return jsonline.Time(i.Time()) }

// A message list's token is the position of the last message of the page before, and a hash of the request, so that it
// is not used for another.

func listToken(in *lingerv1.ListMessagesRequest, last broker.Retained) string {
	b := binary.BigEndian.AppendUint64(nil, requestHash(in))
	at := last.Deadline
	if in.GetOrder() == lingerv1.ListOrder_LIST_ORDER_NEWEST {
		at = last.PublishTime
	}
	b = binary.AppendUvarint(b, uint64(at))
	b = binary.AppendUvarint(b, last.Sequence)
	return base64.RawURLEncoding.EncodeToString(append(b, last.Topic...))
}

func readListToken(in *lingerv1.ListMessagesRequest) (*broker.ListPosition, error) {
	if in.GetPageToken() == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(in.GetPageToken())
	if err != nil || len(b) < 8 || binary.BigEndian.Uint64(b) != requestHash(in) {
		return nil, invalid("page_token", "not one that this server gave for this request; leave it empty for the first page")
	}
	at, n := binary.Uvarint(b[8:]) // what the list is ordered by: a deadline, or a time of publication
	sequence, m := binary.Uvarint(b[8+max(n, 0):])
	if n <= 0 || m <= 0 {
		return nil, invalid("page_token", "cut short; leave it empty for the first page")
	}
	return &broker.ListPosition{Topic: string(b[8+n+m:]), Sequence: sequence, Deadline: broker.Instant(at), Published: broker.Instant(at)}, nil
}

// requestHash covers what must stay the same from page to page.
func requestHash(in *lingerv1.ListMessagesRequest) uint64 {
	same := proto.CloneOf(in)
	same.PageToken, same.PageSize, same.PreviewBytes = "", 0, 0
	b, _ := proto.MarshalOptions{Deterministic: true}.Marshal(same) // it came from the wire, so it can go back
	h := fnv.New64a()
	_, _ = h.Write(b) // never fails
	return h.Sum64()
}

func (s *retainedService) GetMessage(_ context.Context, in *lingerv1.GetMessageRequest) (*lingerv1.GetMessageResponse, error) {
	if err := needMessage(in.GetTopic(), in.GetSequence()); err != nil {
		return nil, err
	}
	m, end, err := s.broker.Get(in.GetTopic(), in.GetSequence())
	if err != nil {
		return nil, err
	}
	out := &lingerv1.GetMessageResponse{ServerTime: timestamp(s.broker.Now())}
	if end != nil {
		e := *end
		e.Topic = in.GetTopic()
		out.State = &lingerv1.GetMessageResponse_Ended{Ended: ended(e, in.GetSequence())}
		return out, nil
	}
	alive, err := retained(m, 0)
	if err != nil {
		return nil, err
	}
	out.State = &lingerv1.GetMessageResponse_Retained{Retained: alive}
	return out, nil
}

func needMessage(topic string, sequence uint64) error {
	if err := named("topic", topic); err != nil {
		return err
	}
	if sequence == 0 {
		return invalid("sequence", "0; messages are numbered from 1")
	}
	return nil
}

func (s *retainedService) DeleteMessage(ctx context.Context, in *lingerv1.DeleteMessageRequest) (*lingerv1.DeleteMessageResponse, error) {
	if err := needMessage(in.GetTopic(), in.GetSequence()); err != nil {
		return nil, err
	}
	if err := s.broker.DeleteMessage(ctx, in.GetTopic(), in.GetSequence()); err != nil {
		return nil, err
	}
	return &lingerv1.DeleteMessageResponse{ServerTime: timestamp(s.broker.Now())}, nil
}
