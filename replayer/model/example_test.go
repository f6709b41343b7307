package model_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"testing/fstest"

	"fsrec/replayer/model"
	"fsrec/watcher/event"
)

const recording = `fsrec-text 1
header platform "linux"
header backend "inotify"
header snapshot true
1 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS path="/srv"
2 0.000000000 entry wd=1 mode=0100644 name="old"
3 1.000000000 event wd=1 mask=IN_CREATE name="new"
4 2.000000000 event wd=1 mask=IN_DELETE name="never"
`

func Example() {
	r, err := event.NewTextReader(strings.NewReader(recording))
	if err != nil {
		log.Fatal(err)
	}
	m, err := model.Read(context.Background(), r.Header(), r)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range m.Findings {
		fmt.Println("record", f.Seq, "is impossible:", f.Text)
	}
	for e := range m.Entries("/srv") {
		fmt.Println("at the end:", e.Path)
	}
	changes, err := m.CompareFS("/srv", fstest.MapFS{"new": {}})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range changes {
		fmt.Println(c)
	}
	// Output:
	// record 4 is impossible: IN_DELETE of "/srv/never", which is not there
	// at the end: new
	// at the end: old
	// "old": a file on the left, nothing on the right
}
