package bench

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"linger/client"
)

// explain adds the way out to what a server refuses.
func explain(err error) error {
	var refused *client.Error
	if err == nil || !errors.As(err, &refused) || refused.Code != codes.ResourceExhausted {
		return err
	}
	return fmt.Errorf("%w\nWhat was retained reached a limit. Less is retained with a shorter --ttl, a lower --rate, fewer --messages or a "+
		"smaller --size; the server takes more with a higher --memory or --disk", err)
}
