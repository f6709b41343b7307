package event_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"fsrec/watcher/event"
)

// The text form of a recording is a Reader like any other.
func ExampleNewTextReader() {
	text, err := event.NewTextReader(strings.NewReader(`fsrec-text 1
header platform "linux"
1 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS path="/tmp/project"
2 0.104000512 event wd=1 mask=IN_CREATE name="a\x1b.txt"
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	records, err := text.Read(context.Background(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	table := event.NewTable(text.Header().Platform)
	for i := range records {
		r := &records[i]
		table.Apply(r)
		if r.Kind == event.KindEvent {
			fmt.Printf("%s %q\n", r.Mask, text.Header().Platform.Join(table.Watch(r.WD).Path(), r.Name))
		}
	}
	// Output: IN_CREATE "/tmp/project/a\x1b.txt"
}

func ExampleTextWriter() {
	header := event.Header{Platform: event.Linux, Backend: "inotify"}
	w, err := event.NewTextWriter(os.Stdout, &header)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := w.Write([]event.Record{{Seq: 1, Kind: event.KindMark, Name: "made by hand"}}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// fsrec-text 1
	// header platform "linux"
	// header backend "inotify"
	// header start "0001-01-01T00:00:00Z"
	// header limits {}
	// 1 0.000000000 mark text="made by hand"
}

func ExampleParseMask() {
	m, err := event.ParseMask("create,delete")
	fmt.Println(m, err)
	_, err = event.ParseMask("crate")
	fmt.Println(strings.SplitN(err.Error(), ";", 2)[0])
	// Output:
	// IN_CREATE|IN_DELETE <nil>
	// unknown event "crate"
}
