package watcher

import (
	"errors"
	"log/slog"

	"fsrec/watcher/event"
)

// Handler is what events are given to. stop keeps the handlers that are
// chained behind it from getting this event; it does not stop the Notifier. What
// an error does is an option of the Notifier: see [ContinueOnError].
type Handler interface {
	HandleEvent(ev *Event) (stop bool, err error)
}

// StopChain is returned by a handler function to keep the handlers chained
// behind it from getting the event. It is not a failure.
var StopChain = errors.New("stop the chain of handlers") //nolint:staticcheck // named as what it says, like fs.SkipDir

// HandlerFunc makes a Handler of a function. It may return StopChain.
type HandlerFunc func(ev *Event) error

// HandleEvent implements Handler.
func (f HandlerFunc) HandleEvent(ev *Event) (stop bool, err error) { return chained(f(ev)) }

func chained(err error) (bool, error) {
	if err == nil {
		return false, nil
	}
	if errors.Is(err, StopChain) {
		return true, nil
	}
	return false, err
}

// Chain makes one Handler of several: each event goes through them in order
// until one stops the chain or fails.
func Chain(handlers ...Handler) Handler { return chain(handlers) }

type chain []Handler

func (c chain) HandleEvent(ev *Event) (stop bool, err error) {
	for _, h := range c {
		if stop, err = h.HandleEvent(ev); stop || err != nil {
			return stop, err
		}
	}
	return false, nil
}

// ProcessEvent is a Handler with a function for each event. Any of them may be
// nil. An event goes to the first that is there of
//
//  1. its own: IN_CLOSE_WRITE of an IN_CLOSE_WRITE;
//  2. its family, which is the second word of its name: IN_CLOSE for
//     IN_CLOSE_WRITE and IN_CLOSE_NOWRITE, IN_MOVED for IN_MOVED_FROM and
//     IN_MOVED_TO, IN_DELETE for IN_DELETE_SELF;
//  3. Default.
//
// The order is pyinotify's. Its family of IN_MOVE_SELF, "IN_MOVE", is left out,
// since IN_MOVE is the name of another set of events. A mask that is not one
// event goes to Default. IN_Q_OVERFLOW never does: without a function of its
// own it is logged as a warning.
//
// A function returns an error if it failed, or StopChain to keep the event
// from handlers that are chained behind this one.
type ProcessEvent struct {
	// Before, if not nil, gets the event first, and may stop it.
	Before Handler

	IN_ACCESS        func(ev *Event) error
	IN_MODIFY        func(ev *Event) error
	IN_ATTRIB        func(ev *Event) error
	IN_CLOSE_WRITE   func(ev *Event) error
	IN_CLOSE_NOWRITE func(ev *Event) error
	IN_OPEN          func(ev *Event) error
	IN_MOVED_FROM    func(ev *Event) error
	IN_MOVED_TO      func(ev *Event) error
	IN_CREATE        func(ev *Event) error
	IN_DELETE        func(ev *Event) error // and IN_DELETE_SELF without a function of its own
	IN_DELETE_SELF   func(ev *Event) error
	IN_MOVE_SELF     func(ev *Event) error
	IN_UNMOUNT       func(ev *Event) error
	IN_Q_OVERFLOW    func(ev *Event) error
	IN_IGNORED       func(ev *Event) error

	IN_CLOSE func(ev *Event) error // IN_CLOSE_WRITE, IN_CLOSE_NOWRITE
	IN_MOVED func(ev *Event) error // IN_MOVED_FROM, IN_MOVED_TO

	// Default gets every other event but IN_Q_OVERFLOW.
	Default func(ev *Event) error

	// Log gets the warning about an overflow; nil is slog.Default().
	Log *slog.Logger
}

// HandleEvent implements Handler.
func (p *ProcessEvent) HandleEvent(ev *Event) (stop bool, err error) {
	if p.Before != nil {
		if stop, err = p.Before.HandleEvent(ev); stop || err != nil {
			return stop, err
		}
	}
	if f := p.lookup(ev.Mask); f != nil {
		return chained(f(ev))
	}
	return false, nil
}

func (p *ProcessEvent) lookup(m event.Mask) func(*Event) error {
	var own, family func(*Event) error
	switch m &^ event.IN_ISDIR {
	case event.IN_ACCESS:
		own = p.IN_ACCESS
	case event.IN_MODIFY:
		own = p.IN_MODIFY
	case event.IN_ATTRIB:
		own = p.IN_ATTRIB
	case event.IN_CLOSE_WRITE:
		own, family = p.IN_CLOSE_WRITE, p.IN_CLOSE
	case event.IN_CLOSE_NOWRITE:
		own, family = p.IN_CLOSE_NOWRITE, p.IN_CLOSE
	case event.IN_OPEN:
		own = p.IN_OPEN
	case event.IN_MOVED_FROM:
		own, family = p.IN_MOVED_FROM, p.IN_MOVED
	case event.IN_MOVED_TO:
		own, family = p.IN_MOVED_TO, p.IN_MOVED
	case event.IN_CREATE:
		own = p.IN_CREATE
	case event.IN_DELETE:
		own = p.IN_DELETE
	case event.IN_DELETE_SELF:
		own, family = p.IN_DELETE_SELF, p.IN_DELETE
	case event.IN_MOVE_SELF:
		own = p.IN_MOVE_SELF
	case event.IN_UNMOUNT:
		own = p.IN_UNMOUNT
	case event.IN_IGNORED:
		own = p.IN_IGNORED
	}
	switch {
	case m&event.IN_Q_OVERFLOW != 0:
		if p.IN_Q_OVERFLOW != nil {
			return p.IN_Q_OVERFLOW
		}
		return p.warnOverflow
	case own != nil:
		return own
	case family != nil:
		return family
	}
	return p.Default
}

func (p *ProcessEvent) warnOverflow(ev *Event) error {
	log := p.Log
	if log == nil {
		log = slog.Default()
	}
	log.Warn("event queue overflowed: events are lost", "time", ev.Time, "seq", ev.Seq)
	return nil
}

// ChainIfTrue is the first link of a chain: only events for which f holds go
// on to the handlers behind it. Overflows always do.
func ChainIfTrue(f func(ev *Event) bool) *ProcessEvent {
	return &ProcessEvent{
		IN_Q_OVERFLOW: func(*Event) error { return nil },
		Default: func(ev *Event) error {
			if f(ev) {
				return nil
			}
			return StopChain
		},
	}
}
