package recorder_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"fsrec/recorder"
	"fsrec/replayer"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// source is a recording in the text form. In its place stands live capture.
const source = `fsrec-text 1
header platform "linux"
7 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS path="/srv"
8 1.000000000 read bytes=64 buffer=262144
9 1.000000000 event wd=1 mask=IN_CREATE name="a"
10 1.000000000 event wd=1 mask=IN_DELETE name="a"
`

func Example() {
	backend, err := event.NewTextReader(strings.NewReader(source))
	if err != nil {
		log.Fatal(err)
	}
	sink := event.NewMemoryLog(backend.Header(), nil)

	rec := recorder.New(backend, sink, recorder.Options{})
	summary, err := rec.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Events, "events,", summary.Reason)
	for _, r := range sink.Records() {
		fmt.Printf("%s\n", event.AppendText(nil, &r))
	}
	// Output:
	// 2 events, end of source
	// 1 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS path="/srv"
	// 2 1.000000000 read bytes=64 buffer=262144
	// 3 1.000000000 event wd=1 mask=IN_CREATE name="a"
	// 4 1.000000000 event wd=1 mask=IN_DELETE name="a"
	// 5 1.000000000 end reason="end of source"
}

// An application records what its own handler sees: one more line, between the
// backend and the WatchManager.
func ExampleTee() {
	recording, err := event.ReadText(context.Background(), strings.NewReader(source))
	if err != nil {
		log.Fatal(err)
	}
	backend, err := replayer.New(recording) // or live.New
	if err != nil {
		log.Fatal(err)
	}
	sink := event.NewMemoryLog(backend.Header(), nil) // or store.Create

	tee := recorder.Tee(backend, sink, recorder.Options{})
	wm := watcher.NewWatchManager(tee)
	if _, err := wm.AddWatch("/srv", event.IN_ALL_EVENTS); err != nil {
		log.Fatal(err)
	}
	if err := watcher.NewNotifier(wm, watcher.PrintAllEvents(os.Stdout)).Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	if err := wm.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(tee.Summary().Events, "events recorded")
	// Output:
	// <Event dir=False mask=0x100 maskname=IN_CREATE name=a path=/srv pathname=/srv/a wd=1 >
	// <Event dir=False mask=0x200 maskname=IN_DELETE name=a path=/srv pathname=/srv/a wd=1 >
	// 2 events recorded
}
