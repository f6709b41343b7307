package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// endSignals end fsrec cleanly, the first time.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// untilSignal gives a context that is done at the first signal; the second kills.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, endSignals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
