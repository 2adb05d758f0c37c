package panics

import (
	"errors"
	"strings"
	"testing"
)

func TestCatchReturnsThePanicWithItsStack(t *testing.T) {
	err := Catch(func() { panic("boom") })
	caught := (*Error)(nil)
	if !errors.As(err, &caught) || caught.Cause != "boom" || !strings.Contains(string(caught.Stack), "panics_test.go") {
		t.Errorf("got %#v", err)
	}
	if err.Error() != "panic: boom" {
		t.Errorf("the message is %q", err)
	}
}

func TestCatchReturnsNothingWithoutAPanic(t *testing.T) {
	if err := Catch(func() {}); err != nil {
		t.Error(err)
	}
}
