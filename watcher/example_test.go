package watcher_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"fsrec/replayer"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// The examples play this recording of "touch foo; mv foo bar; mkdir sub; rm
// bar; rmdir sub" in /tmp. With a backend of package live instead they run on the real thing.
const recording = `fsrec-text 1
header platform "linux"
1 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS path="/tmp"
2 0.100000000 read bytes=96 buffer=262144
3 0.100000000 event wd=1 mask=IN_CREATE name="foo"
4 0.100000000 event wd=1 mask=IN_OPEN name="foo"
5 0.100000000 event wd=1 mask=IN_CLOSE_WRITE name="foo"
6 0.200000000 read bytes=64 buffer=262144
7 0.200000000 event wd=1 mask=IN_MOVED_FROM cookie=17 name="foo"
8 0.200000000 event wd=1 mask=IN_MOVED_TO cookie=17 name="bar"
9 0.300000000 read bytes=96 buffer=262144
10 0.300000000 event wd=1 mask=IN_CREATE|IN_ISDIR name="sub"
11 0.300000000 event wd=1 mask=IN_DELETE name="bar"
12 0.300000000 event wd=1 mask=IN_DELETE|IN_ISDIR name="sub"
13 0.400000000 end reason="signal"
`

func open() watcher.Backend {
	log, err := event.ReadText(context.Background(), strings.NewReader(recording))
	if err != nil {
		panic(err)
	}
	backend, err := replayer.New(log)
	if err != nil {
		panic(err)
	}
	return backend
}

var mask = event.IN_DELETE | event.IN_CREATE // watched events

// eventHandler has functions for two events.
func eventHandler() *watcher.ProcessEvent {
	return &watcher.ProcessEvent{
		IN_CREATE: func(ev *watcher.Event) error { fmt.Println("Creating:", ev.Pathname); return nil },
		IN_DELETE: func(ev *watcher.Event) error { fmt.Println("Removing:", ev.Pathname); return nil },
	}
}

// Monitoring endlessly: Run blocks until it is stopped or, as here, a recording ends.
func ExampleNotifier_Run() {
	wm := watcher.NewWatchManager(open())
	defer wm.Close()
	notifier := watcher.NewNotifier(wm, eventHandler())
	wdd, err := wm.AddWatch("/tmp", mask, watcher.Recursive())
	fmt.Println(wdd, err)
	fmt.Println(notifier.Run(context.Background()))
	// Output:
	// map[/tmp:1] <nil>
	// Creating: /tmp/foo
	// Creating: /tmp/sub
	// Removing: /tmp/bar
	// Removing: /tmp/sub
	// <nil>
}

// Monitoring periodically: a program with a loop of its own calls quickCheck from it.
func ExampleNotifier_CheckEvents() {
	wm := watcher.NewWatchManager(open())
	defer wm.Close()
	notifier := watcher.NewNotifier(wm, eventHandler(), watcher.Timeout(10*time.Millisecond))
	if _, err := wm.AddWatch("/tmp", mask); err != nil {
		fmt.Println(err)
	}
	quickCheck := func(n *watcher.Notifier) error {
		for { // in case more events appear while some are processed
			if ok, err := n.CheckEvents(); !ok {
				return err
			}
			if err := n.ReadEvents(); err != nil {
				return err
			}
			if err := n.ProcessEvents(); err != nil {
				return err
			}
		}
	}
	fmt.Println(quickCheck(notifier))
	// Output:
	// Creating: /tmp/foo
	// Creating: /tmp/sub
	// Removing: /tmp/bar
	// Removing: /tmp/sub
	// EOF
}

// Monitoring in a goroutine. A watch is removed at any moment.
func ExampleThreadedNotifier() {
	wm := watcher.NewWatchManager(open())
	defer wm.Close()
	wdd, err := wm.AddWatch("/tmp", mask, watcher.Recursive())
	if err != nil {
		fmt.Println(err)
	}
	notifier := watcher.NewThreadedNotifier(wm, eventHandler())
	if err := notifier.Start(); err != nil {
		fmt.Println(err)
	}
	<-notifier.Done() // here, where a recording ends; a program does its work meanwhile
	if wdd["/tmp"] > 0 {
		done, err := wm.RemoveWatch(wdd["/tmp"], watcher.Recursive())
		fmt.Println(done, err)
	}
	notifier.Stop()
	// Output:
	// Creating: /tmp/foo
	// Creating: /tmp/sub
	// Removing: /tmp/bar
	// Removing: /tmp/sub
	// map[1:true] <nil>
}

// The asynchronous form: events among whatever else a program waits for.
func ExampleNotifier_Channel() {
	wm := watcher.NewWatchManager(open())
	defer wm.Close()
	if _, err := wm.AddWatch("/tmp", mask); err != nil {
		fmt.Println(err)
	}
	notifier := watcher.NewNotifier(wm, nil)
	defer notifier.Stop()
	events, interrupt := notifier.Channel(context.Background()), make(chan os.Signal)
	for events != nil {
		select {
		case batch, ok := <-events:
			if !ok {
				events = nil
			}
			for _, ev := range batch {
				fmt.Println(ev.Maskname(), ev.Pathname)
			}
		case <-interrupt:
			notifier.Stop()
		}
	}
	fmt.Println(notifier.Err())
	// Output:
	// IN_CREATE /tmp/foo
	// IN_CREATE|IN_ISDIR /tmp/sub
	// IN_DELETE /tmp/bar
	// IN_DELETE|IN_ISDIR /tmp/sub
	// <nil>
}

// The generator form, and its nil after each read: the first told only of the new watch.
func ExampleInotify() {
	i, err := watcher.NewInotify(open(), "/tmp")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer i.Close()
	for ev := range i.Events(context.Background()) {
		if ev == nil {
			fmt.Println("time to do other things")
			continue
		}
		fmt.Printf("WD=(%d) MASK=(%d) COOKIE=(%d) MASK->NAMES=%s WATCH-PATH=[%s] FILENAME=[%s]\n",
			ev.WD, ev.Mask, ev.Cookie, ev.TypeNames(), ev.Path, ev.Name)
	}
	// Output:
	// time to do other things
	// WD=(1) MASK=(256) COOKIE=(0) MASK->NAMES=[IN_CREATE] WATCH-PATH=[/tmp] FILENAME=[foo]
	// WD=(1) MASK=(32) COOKIE=(0) MASK->NAMES=[IN_OPEN] WATCH-PATH=[/tmp] FILENAME=[foo]
	// WD=(1) MASK=(8) COOKIE=(0) MASK->NAMES=[IN_CLOSE_WRITE] WATCH-PATH=[/tmp] FILENAME=[foo]
	// time to do other things
	// WD=(1) MASK=(64) COOKIE=(17) MASK->NAMES=[IN_MOVED_FROM] WATCH-PATH=[/tmp] FILENAME=[foo]
	// WD=(1) MASK=(128) COOKIE=(17) MASK->NAMES=[IN_MOVED_TO] WATCH-PATH=[/tmp] FILENAME=[bar]
	// time to do other things
	// WD=(1) MASK=(1073742080) COOKIE=(0) MASK->NAMES=[IN_CREATE IN_ISDIR] WATCH-PATH=[/tmp] FILENAME=[sub]
	// WD=(1) MASK=(512) COOKIE=(0) MASK->NAMES=[IN_DELETE] WATCH-PATH=[/tmp] FILENAME=[bar]
	// WD=(1) MASK=(1073742336) COOKIE=(0) MASK->NAMES=[IN_DELETE IN_ISDIR] WATCH-PATH=[/tmp] FILENAME=[sub]
	// time to do other things
}

// The generator over a tree: what is below is watched too, now and later.
func ExampleNewInotifyTree() {
	i, err := watcher.NewInotifyTree(open(), "/tmp", event.IN_CREATE)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer i.Close()
	for ev := range i.Events(context.Background()) {
		if ev != nil {
			fmt.Println(ev.TypeNames(), ev.Pathname)
		}
	}
	// Output:
	// [IN_CREATE] /tmp/foo
	// [IN_CREATE IN_ISDIR] /tmp/sub
	// [IN_DELETE] /tmp/bar
	// [IN_DELETE IN_ISDIR] /tmp/sub
}

// A function for one event, one for a family of events, one for all others.
func ExampleProcessEvent() {
	wm := watcher.NewWatchManager(open(), watcher.Adopt())
	defer wm.Close()
	p := &watcher.ProcessEvent{
		IN_DELETE: func(ev *watcher.Event) error { fmt.Println("deleting:", ev.Pathname); return nil },
		IN_CLOSE:  func(ev *watcher.Event) error { fmt.Println("closing:", ev.Pathname); return nil },
		IN_MOVED:  func(ev *watcher.Event) error { fmt.Println("moving:", ev.SrcPathname, ev.Pathname); return nil },
		Default:   func(*watcher.Event) error { fmt.Println("default processing"); return nil },
	}
	fmt.Println(watcher.NewNotifier(wm, p).Run(context.Background()))
	// Output:
	// default processing
	// default processing
	// closing: /tmp/foo
	// moving:  /tmp/foo
	// moving: /tmp/foo /tmp/bar
	// default processing
	// deleting: /tmp/bar
	// deleting: /tmp/sub
	// <nil>
}

// A watch with a handler of its own, here one that prints.
func ExampleHandle() {
	wm := watcher.NewWatchManager(open())
	defer wm.Close()
	own := watcher.PrintAllEvents(os.Stdout)
	if _, err := wm.AddWatch("/tmp", event.IN_MOVED_FROM|event.IN_MOVED_TO, watcher.Handle(own)); err != nil {
		fmt.Println(err)
	}
	fmt.Println(watcher.NewNotifier(wm, eventHandler()).Run(context.Background()))
	// Output:
	// <Event cookie=17 dir=False mask=0x40 maskname=IN_MOVED_FROM name=foo path=/tmp pathname=/tmp/foo wd=1 >
	// <Event cookie=17 dir=False mask=0x80 maskname=IN_MOVED_TO name=bar path=/tmp pathname=/tmp/bar src_pathname=/tmp/foo wd=1 >
	// <nil>
}

// Handlers in a chain: the first decides what the others get.
func ExampleChainIfTrue() {
	wm := watcher.NewWatchManager(open(), watcher.Adopt())
	defer wm.Close()
	files := watcher.ChainIfTrue(func(ev *watcher.Event) bool { return !ev.Dir })
	stats := watcher.NewStats()
	last := eventHandler()
	last.Before = watcher.Chain(files, stats)
	fmt.Println(watcher.NewNotifier(wm, last).Run(context.Background()))
	fmt.Println(stats)
	// Output:
	// Creating: /tmp/foo
	// Removing: /tmp/bar
	// <nil>
	// IN_CLOSE_WRITE            @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1
	// IN_CREATE                 @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1
	// IN_DELETE                 @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1
	// IN_MOVED_FROM             @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1
	// IN_MOVED_TO               @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1
	// IN_OPEN                   @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1
}
