package remote_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/resetgen/resetgen/runtime/remote"
)

func TestClientResetError(t *testing.T) {
	err := fmt.Errorf("pulling: %w", &remote.ClientResetError{Reason: remote.Restored, Detail: "it ends at 5"})
	var reset *remote.ClientResetError
	if !errors.As(err, &reset) || reset.Reason != remote.Restored || err.Error() != "pulling: client reset: restored: it ends at 5" {
		t.Errorf("the error is %v", err)
	}
	if text := (&remote.ClientResetError{Reason: remote.Operator}).Error(); text != "client reset: asked by operator" {
		t.Errorf("the error is %s", text)
	}
}
