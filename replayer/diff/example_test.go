package diff_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// onLinux and onWindows are what the two systems tell of: write a temporary file, rename it over
// the old one, and set its times.
const onLinux = `fsrec-text 1
header platform "linux"
header backend "inotify"
header roots ["/home/me/project"]
1 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS path="/home/me/project"
2 1.000000000 event wd=1 mask=IN_CREATE name="main.go.tmp"
3 1.000000000 event wd=1 mask=IN_OPEN name="main.go.tmp"
4 1.000000000 event wd=1 mask=IN_MODIFY name="main.go.tmp"
5 1.000000000 event wd=1 mask=IN_CLOSE_WRITE name="main.go.tmp"
6 1.000000000 event wd=1 mask=IN_MOVED_FROM cookie=1 name="main.go.tmp"
7 1.000000000 event wd=1 mask=IN_MOVED_TO cookie=1 name="main.go"
8 1.000000000 event wd=1 mask=IN_ATTRIB name="main.go"
`

const onWindows = `fsrec-text 1
header platform "windows"
header backend "rdcw"
header roots ["C:\\project"]
1 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE path="C:\\project"
2 1.000000000 change wd=1 action=ADDED attributes=0x20 name="main.go.tmp"
3 1.000000000 change wd=1 action=MODIFIED attributes=0x20 name="main.go.tmp"
4 1.000000000 change wd=1 action=REMOVED attributes=0x20 name="main.go"
5 1.000000000 change wd=1 action=RENAMED_OLD_NAME attributes=0x20 name="main.go.tmp"
6 1.000000000 change wd=1 action=RENAMED_NEW_NAME attributes=0x20 name="main.go"
7 1.000000000 change wd=1 action=ADDED attributes=0x20 name="unasked"
`

// input reads the text form of a recording; store.Open gives the same of a log.
func input(name, text string) diff.Input {
	r, err := event.NewTextReader(strings.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	return diff.Input{Name: name, Header: r.Header(), Reader: r}
}

func ExampleCompare() {
	r, err := diff.Compare(context.Background(), input("linux", onLinux), input("windows", onWindows), diff.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Verdict, "same:", r.Counts.Same)
	for _, d := range r.Differences {
		fmt.Printf("%s %s %s %q\n", d.Verdict, d.Kind, d.Path, d.Rule)
	}
	for _, a := range r.Left.Aside {
		fmt.Println("set aside:", a.Count, a.Mask, a.Step)
	}
	// Output:
	// unexplained same: 3
	// explained extra main.go "overwritten-removed"
	// unexplained missing main.go ""
	// unexplained extra unasked ""
	// set aside: 1 IN_CLOSE_WRITE masks
	// set aside: 1 IN_OPEN masks
}

// Rows gives both recordings side by side.
func ExampleResult_Rows() {
	r, err := diff.Compare(context.Background(), input("linux", onLinux), input("windows", onWindows), diff.Options{})
	if err != nil {
		log.Fatal(err)
	}
	tell := func(e *diff.Event) string {
		switch {
		case e == nil:
			return "-"
		case e.Src != "":
			return fmt.Sprintf("MOVE %s to %s", e.Src, e.Path)
		}
		return fmt.Sprintf("%s %s", strings.TrimPrefix(e.Mask.String(), "IN_"), e.Path)
	}
	for row := range r.Rows() {
		verdict := diff.Same
		if row.Difference >= 0 {
			verdict = r.Differences[row.Difference].Verdict
		}
		fmt.Printf("%-28s | %-28s | %s\n", tell(row.Left), tell(row.Right), verdict)
	}
	// Output:
	// CREATE main.go.tmp           | CREATE main.go.tmp           | same
	// MODIFY main.go.tmp           | MODIFY main.go.tmp           | same
	// -                            | DELETE main.go               | explained
	// MOVE main.go.tmp to main.go  | MOVE main.go.tmp to main.go  | same
	// ATTRIB main.go               | -                            | unexplained
	// -                            | CREATE unasked               | unexplained
}

// A project has its own reasons for what differs.
func ExampleParseRules() {
	mine, err := diff.ParseRules("project.rules", strings.NewReader(`
rule indexer
b: platform=windows
only b: CREATE p
reason: The search indexer of the test machine leaves a file behind.
source: our wiki
`))
	if err != nil {
		log.Fatal(err)
	}
	r, err := diff.Compare(context.Background(), input("linux", onLinux), input("windows", onWindows),
		diff.Options{Rules: diff.BuiltIn().With(mine)})
	if err != nil {
		log.Fatal(err)
	}
	for _, use := range r.Rules {
		fmt.Println(use.ID, use.Count)
	}
	_, err = diff.ParseRules("project.rules", strings.NewReader("rule indexer\nonly b: CRATE p\n"))
	fmt.Println(err)
	// Output:
	// indexer 1
	// overwritten-removed 1
	// project.rules:2: "CRATE": not the name of an event: want ANY, SAME, EQUAL, MOVE or names such as CREATE|DELETE
}

// A difference as JSON.
func ExampleDifference() {
	r, err := diff.Compare(context.Background(), input("linux", onLinux), input("windows", onWindows), diff.Options{})
	if err != nil {
		log.Fatal(err)
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r.Differences[2]); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {
	//   "verdict": "unexplained",
	//   "kind": "extra",
	//   "path": "unasked",
	//   "left": [],
	//   "right": [
	//     {
	//       "seq": 7,
	//       "time_ns": 1000000000,
	//       "mask": "IN_CREATE",
	//       "path": "unasked",
	//       "count": 1
	//     }
	//   ]
	// }
}
