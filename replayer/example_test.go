package replayer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"fsrec/replayer"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// golden is a recording as a test keeps it: text.
const golden = `fsrec-text 1
header platform "linux"
header roots ["/srv/project"]
1 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS path="/srv/project"
2 1.500000000 event wd=1 mask=IN_MOVED_FROM cookie=1 name="main.go.tmp"
3 1.500000000 event wd=1 mask=IN_MOVED_TO cookie=1 name="main.go"
4 3.000000000 mark text="saved"
5 4.000000000 event wd=1 mask=IN_DELETE name="main.go"
`

// load reads a golden.
func load(text string) event.Log {
	recording, err := event.ReadText(context.Background(), strings.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	return recording
}

// The code under test adds its watches and gets the recorded events, on any
// machine and any platform.
func Example() {
	r, err := replayer.New(load(golden), replayer.Map("/srv/project", `C:\project`))
	if err != nil {
		log.Fatal(err)
	}
	wm := watcher.NewWatchManager(r)
	defer wm.Close()

	if _, err := wm.AddWatch(`C:\project`, event.IN_MOVED_TO|event.IN_DELETE); err != nil {
		log.Fatal(err)
	}
	handler := &watcher.ProcessEvent{
		Default: func(ev *watcher.Event) error {
			fmt.Println(ev.Time, ev.Maskname(), ev.Pathname)
			return nil
		},
	}
	if err := watcher.NewNotifier(wm, handler).Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1.5s IN_MOVED_TO C:\project\main.go
	// 4s IN_DELETE C:\project\main.go
}

func ExampleStepEvents() {
	r, err := replayer.New(load(golden), replayer.StepEvents())
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	ctx := context.Background()
	records, _ := r.Read(ctx, nil) // the watch
	for {
		r.Next(1)
		records, err = r.Read(ctx, records)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		for i := range records {
			fmt.Println(time.Duration(records[i].Time), records[i].Kind, records[i].Name)
		}
	}
	// Output:
	// 1.5s event main.go.tmp
	// 1.5s event main.go
	// 3s mark saved
	// 4s event main.go
}

func ExampleReplayer_Add() {
	r, err := replayer.New(load(golden))
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	results, err := r.Add(event.WatchRequest{Path: "/srv/projects", Mask: event.IN_DELETE})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(results[0].Err)
	fmt.Println(errors.Is(results[0].Err, event.ErrNotRecorded))
	// Output:
	// cannot watch "/srv/projects": not recorded: the nearest path that was watched is "/srv/project": replayer.Map gives a recorded path another one
	// true
}
