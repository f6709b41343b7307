package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"fsrec/watcher/event"
)

// value is a flag whose words a function reads: its error tells what would be right.
type value struct {
	text string
	set  func(word string) error
}

func (v *value) Set(word string) error {
	v.text = word
	return v.set(word)
}

// String gives the latest word. Package cli sets the aliases of a flag to it, so
// that set sees the word again.
func (v *value) String() string { return v.text }

// flag gives a flag that takes a value; the name in backquotes in usage is that of the value.
func (v *value) flag(name, usage string, aliases ...string) cli.Flag {
	return &cli.GenericFlag{Name: name, Aliases: aliases, Usage: usage, Value: v}
}

// maskFlag collects events into m; it may be given several times.
func maskFlag(m *event.Mask, usage string) cli.Flag {
	v := &value{set: func(word string) error {
		bits, err := event.ParseMask(word)
		*m |= bits
		return likeEvent(err)
	}}
	return v.flag("events", usage, "e")
}

// likeEvent proposes, in place of all events, the one that is spelled nearly like an unknown one, in the manner in which that is written.
func likeEvent(err error) error {
	var unknown *event.UnknownNameError
	if !errors.As(err, &unknown) {
		return err
	}
	word, prefixed := strings.CutPrefix(strings.ToUpper(unknown.Name), "IN_")
	names := append(event.MaskNames(), "IN_CLOSE", "IN_MOVE", "IN_ALL_EVENTS")
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], "IN_")
	}
	near := nearest(word, names)
	switch {
	case near == "":
		return err
	case prefixed:
		near = "IN_" + near
	case unknown.Name == strings.ToLower(unknown.Name):
		near = strings.ToLower(near)
	}
	return fmt.Errorf("unknown event %q; did you mean %s?", unknown.Name, near)
}

// orLike adds to an error about a word which of the candidates is spelled nearly like it.
func orLike(err error, word string, candidates []string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w%s", err, didYouMean(word, candidates))
}

func sizeFlag(n *uint64, name, usage string) cli.Flag {
	v := &value{set: func(word string) (err error) {
		if *n, err = humanize.ParseBytes(word); err != nil || *n == 0 {
			return errors.New("want a size above 0, such as 500kB, 10MB or 1GiB")
		}
		return nil
	}}
	return v.flag(name, usage)
}

func countFlag(n *uint64, name, usage string) cli.Flag {
	v := &value{set: func(word string) (err error) {
		if *n, err = strconv.ParseUint(word, 10, 64); err != nil || *n == 0 {
			return errors.New("want a whole number above 0")
		}
		return nil
	}}
	return v.flag(name, usage)
}

// durationFlag reads seconds or a Go duration above 0.
func durationFlag(d *time.Duration, name, usage string) cli.Flag {
	v := &value{set: func(word string) (err error) {
		if *d, err = parseDuration(word); err == nil && *d <= 0 {
			err = errDuration
		}
		return err
	}}
	return v.flag(name, usage)
}

var errDuration = errors.New("want a time above 0, such as 90, 1.5, 250ms, 2m30s or 1h")

func parseDuration(word string) (time.Duration, error) {
	if ns, err := event.ParseSeconds(word); err == nil {
		return time.Duration(ns), nil
	}
	d, err := time.ParseDuration(word)
	if err != nil {
		return 0, errDuration
	}
	return d, nil
}

// jsonFlag is the flag of every verb that can print JSON.
func jsonFlag(on *bool, usage string) cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: usage, DisableDefaultText: true, Destination: on}
}

// contradict reports the first pair of flags of c that cannot be given together.
func contradict(c *cli.Context, pairs ...[2]string) error {
	for _, p := range pairs {
		if c.IsSet(p[0]) && c.IsSet(p[1]) {
			return fmt.Errorf("%s and %s contradict each other: give one of them", dashed(p[0]), dashed(p[1]))
		}
	}
	return nil
}

// count writes n with the right form of a noun: "1 event", "2,048 events", "3 watches".
func count[N int | int64 | uint64](n N, noun string) string {
	if n != 1 {
		if strings.HasSuffix(noun, "ch") || strings.HasSuffix(noun, "s") {
			noun += "e"
		}
		noun += "s"
	}
	return humanize.Comma(int64(n)) + " " + noun
}
