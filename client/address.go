package client

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"google.golang.org/grpc/resolver"
)

// target is what gRPC takes for a server's address. A plain host:port is resolved by the system, on both families; one with
// a scheme that gRPC knows is left alone. The error is for what cannot be an address, which gRPC itself would try to reach
// for ever.
func target(addr string) (string, error) {
	if strings.HasPrefix(addr, "unix:") || strings.HasPrefix(addr, "unix-abstract:") || strings.HasPrefix(addr, "passthrough:") {
		return addr, nil
	}
	if scheme, _, ok := strings.Cut(addr, "://"); ok {
		if resolver.Get(scheme) == nil {
			return "", fmt.Errorf("no scheme %s:// is known; give host:port", scheme)
		}
		return addr, nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		var wrong *net.AddrError
		if errors.As(err, &wrong) {
			err = errors.New(wrong.Err) // which is without the address
		}
		return "", fmt.Errorf("%w; give host:port, such as %s", err, DefaultAddress)
	}
	if strings.ContainsAny(host, " \t\n/") {
		return "", fmt.Errorf("no host can be called %q; give host:port, such as %s", host, DefaultAddress)
	}
	if n, err := net.LookupPort("tcp", port); err != nil || n == 0 {
		return "", fmt.Errorf("no port %q; it is 1 to 65535", port)
	}
	return "dns:///" + addr, nil
}
