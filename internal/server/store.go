package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
	"linger/web"
	"linger/web/texts"
)

// storeEvery is how often the health service learns how the store is.
const storeEvery = time.Second

// storeState tells how a store is, and in a sentence what is wrong with it.
func storeState(st broker.LogStats) (state lingerv1.StoreState, problem string) {
	switch {
	case st.Health == nil && st.NearlyFull():
		return lingerv1.StoreState_STORE_STATE_NEARLY_FULL, fmt.Sprintf(
			"The store is nearly full: %s of %s. When it is full, publishes are refused until messages expire; --disk allows more.",
			web.Size(st.Bytes), web.Size(st.Limit))
	case st.Health == nil:
		return lingerv1.StoreState_STORE_STATE_SOUND, ""
	case errors.Is(st.Health, broker.ErrReadOnly):
		state = lingerv1.StoreState_STORE_STATE_READ_ONLY
	case errors.Is(st.Health, broker.ErrFull):
		state = lingerv1.StoreState_STORE_STATE_FULL
	default:
		return lingerv1.StoreState_STORE_STATE_DAMAGED, sentence(
			"something stored is damaged and is not served; the rest is. " + sentence(st.Health.Error()))
	}
	return state, sentence(st.Health.Error())
}

func storeStats(st broker.LogStats) *lingerv1.StoreStats {
	m := &lingerv1.StoreStats{BytesUsed: uint64(max(st.Bytes, 0)), BytesLimit: uint64(max(st.Limit, 0))}
	m.State, m.Problem = storeState(st)
	m.Values = storeValues(m.State, st)
	return m
}

// storeValues are what is particular in the sentence of storeState.
func storeValues(state lingerv1.StoreState, st broker.LogStats) map[string]string {
	switch state {
	case lingerv1.StoreState_STORE_STATE_NEARLY_FULL, lingerv1.StoreState_STORE_STATE_FULL:
		return map[string]string{"used": fmt.Sprint(st.Bytes), "limit": fmt.Sprint(st.Limit), "free": fmt.Sprint(st.Free)}
	case lingerv1.StoreState_STORE_STATE_READ_ONLY, lingerv1.StoreState_STORE_STATE_DAMAGED:
		var e *broker.Error
		if errors.As(st.Health, &e) {
			return e.Values
		}
	}
	return nil
}

// storeView is what pages say of the store.
func storeView(l texts.Language, st broker.LogStats) web.Store {
	state, problem := storeState(st)
	return web.Store{Problem: storeSaid(l, state, problem, storeValues(state, st)), Severe: state > lingerv1.StoreState_STORE_STATE_NEARLY_FULL}
}

// watchStore tells the health service until ctx ends: a server that takes nothing is not to be sent anything. What is
// merely full heals by itself, and readers are served meanwhile.
func (s *Server) watchStore(ctx context.Context) {
	tick := time.NewTicker(storeEvery)
	defer tick.Stop()
	for {
		status := healthpb.HealthCheckResponse_SERVING
		if errors.Is(s.broker.StoreStats().Health, broker.ErrReadOnly) {
			status = healthpb.HealthCheckResponse_NOT_SERVING
		}
		for _, name := range []string{"", lingerv1.PublishService_ServiceDesc.ServiceName} {
			s.health.SetServingStatus(name, status)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
