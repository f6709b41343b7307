package comparison

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/replayer/diff"
)

func pageOf(t testing.TB, c *Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := WritePage(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestThePageNeedsNothingElse(t *testing.T) {
	text := pageOf(t, compared(t, recording(t, "/d", "CREATE a"), recording(t, "/d", "CREATE b"), diff.Options{}))
	for _, pattern := range []string{`https?:`, `\bsrc=`, `\bhref=`, `url\(`, `@import`, `<link`, `<iframe`, `\bfetch\(`, `XMLHttpRequest`, `import\(`, `innerHTML`, `\beval\(`, `\son[a-z]+="`} {
		if found := regexp.MustCompile(pattern).FindString(text); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
	if !strings.Contains(text, `content="default-src &#39;none&#39;; style-src &#39;sha256-`) && !strings.Contains(text, "content=\"default-src 'none'; style-src 'sha256-") {
		t.Error("no policy that forbids the network")
	}
}

// A page of more rows than there may be has the first of them, with their differences, and says so.
func TestAPageIsCutAndSaysSo(t *testing.T) {
	var left, right []string
	for i := range 100 {
		left, right = append(left, fmt.Sprintf("CREATE a%d", i)), append(right, fmt.Sprintf("CREATE b%d", i))
	}
	c := compared(t, recording(t, "/d", left...), recording(t, "/d", right...), diff.Options{Steps: map[diff.Step]bool{diff.StepRoots: false}})
	if whole := pageOf(t, c); strings.Contains(whole, `id="cut"`) {
		t.Error("a whole page says that it is cut")
	}
	const most = 30
	var b bytes.Buffer
	if err := writePage(&b, c, most); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "has the first 30 rows") {
		t.Error("the page does not say that it is cut")
	}
	var rows [][]any
	readData(t, b.String(), "rows", &rows)
	var tables struct {
		Paths       []string
		Differences []map[string]any
	}
	readData(t, b.String(), "tables", &tables)
	if len(rows) != most || len(tables.Paths) > 2*most || len(tables.Differences) > most {
		t.Errorf("%d rows, %d paths and %d differences", len(rows), len(tables.Paths), len(tables.Differences))
	}
	for _, row := range rows {
		if at := row[0].(float64); at >= float64(len(tables.Differences)) {
			t.Fatalf("a row tells of difference %v of %d", at, len(tables.Differences))
		}
	}
}

func TestNoNameIsMoreThanTextOnThePage(t *testing.T) {
	text := pageOf(t, harmful(t))
	if n := strings.Count(text, "<script"); n != 3 {
		t.Errorf("%d scripts", n)
	}
	for _, bad := range []string{"<!--", "<img", "<b>owned", "\u2028", "\u202e", "\x1b", "</script><b"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is on the page", bad)
		}
	}
	var tables struct{ Paths []string }
	readData(t, text, "tables", &tables)
	for _, name := range hostile {
		if shown := shownHere(name); !contains(tables.Paths, shown) {
			t.Errorf("%q is not in the data: %q", shown, tables.Paths)
		}
	}
	var rows [][]any
	readData(t, text, "rows", &rows)
	if len(rows) < 3*len(hostile) {
		t.Errorf("%d rows", len(rows))
	}
}

func contains(all []string, s string) bool {
	for _, one := range all {
		if one == s {
			return true
		}
	}
	return false
}

func readData(t *testing.T, text, id string, to any) {
	t.Helper()
	_, rest, ok := strings.Cut(text, `<script type="application/json" id="`+id+`">`)
	data, _, closed := strings.Cut(rest, "</script>")
	if !ok || !closed {
		t.Fatalf("no data %s", id)
	}
	if err := json.Unmarshal([]byte(data), to); err != nil {
		t.Fatal(err)
	}
}

// dom is the page as a browser has it after its script ran.
func dom(t *testing.T, page string) string {
	t.Helper()
	var browser string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("no chromium here to open the page in")
	}
	dir := tempdir.New(t)
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--window-size=1400,900", "--virtual-time-budget=20000", "--dump-dom", "file://"+file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", browser, err, stderr.String())
	}
	return string(out)
}

func TestABrowserShowsHostileNamesAsText(t *testing.T) {
	got := dom(t, pageOf(t, harmful(t)))
	if strings.Contains(got, "<title>owned") || !strings.Contains(got, "data-ready=") {
		t.Fatalf("the page was driven, or its script did not run: %.300s", got)
	}
	for _, want := range []string{`class="row unexplained`, `class="row explained`, "&lt;/script&gt;&lt;script&gt;document.title='owned'&lt;/script&gt;"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
}

// A loss stands where it was, on its side, with what is unknown because of it, and what surrounds it is marked.
func TestLossesStandInTheTimelines(t *testing.T) {
	left := []string{"CREATE a", "CREATE b", "CREATE c", "CREATE d", "loss cause=\"kernel\" count=7 since=3000000000", "CREATE e"}
	right := []string{"CREATE a", "CREATE lost", "CREATE b", "CREATE c", "loss cause=\"<b>owned\\x1b\" count=-1 since=2500000000", "CREATE e", "CREATE f"}
	got := dom(t, pageOf(t, compared(t, recording(t, "/d", left...), recording(t, "/d", right...), diff.Options{})))
	_, rows, _ := strings.Cut(got, `<div id="lines"`)
	rows, _, _ = strings.Cut(rows, `id="map"`)
	rows = regexp.MustCompile(`<span class="(seq|time|note)">[^<]*</span>| title="[^"]*"`).ReplaceAllString(rows, "")
	for _, want := range []string{
		// in the left recording, before its e; b to d are within the window
		`<div class="cell has lost"><span class="kind">CREATE</span><span class="path">d</span></div>`,
		`<div class="row loss"><div class="cell told"><span>events are missing, and 2 differences are unknown because of it: record 6: 7 events (kernel) between 3.000000000 and 4.000000000</span></div><div class="mark"></div><div class="cell"></div></div>`,
		// in the right one, which may have told of d
		`<div class="row loss"><div class="cell"></div><div class="mark"></div><div class="cell told"><span>events are missing, and 1 difference is unknown because of it: record 6: an unknown number of events (&lt;b&gt;owned\x1b) between 2.500000000 and 4.000000000</span></div></div>`,
		`<div class="cell has"><span class="kind">CREATE</span><span class="path">a</span></div><div class="mark"></div><div class="cell has"><span class="kind">CREATE</span><span class="path">a</span></div>`,
		`<div class="cell has"><span class="kind">CREATE</span><span class="path">e</span></div>`,
	} {
		if !strings.Contains(rows, want) {
			t.Errorf("no %s in\n%s", want, rows)
		}
	}
	if has, none := strings.Count(rows, "cell has lost"), strings.Count(rows, "cell none lost"); has != 2 || none != 1 {
		t.Errorf("%d events and %d empty places are marked, want d on the left, c on the right and what is beside d", has, none)
	}
	if !strings.Contains(got, ">2 losses</button>") {
		t.Error("no way to the losses")
	}
}

// driver uses the page as a person would and writes down what is seen.
const driver = `
const seen = {};
const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
const position = () => document.getElementById('position').textContent;
const title = () => (document.querySelector('#details h2') || {}).textContent;
const rows = () => document.querySelectorAll('#lines .row').length;
const frame = () => new Promise((go) => setTimeout(go, 400));
const type = async (id, text) => { const box = document.getElementById(id); box.value = text; box.oninput(); await new Promise((go) => setTimeout(go, 300)); await frame(); };
(async () => {
  await frame();
  seen.first = [position(), title()];
  seen.folded = document.querySelectorAll('#lines .run').length;
  press('n'); await frame(); seen.next = [position(), title()];
  press('n'); await frame(); seen.wrapped = [position(), title()];
  press('p'); await frame(); seen.previous = [position(), title()];
  press('Escape'); await frame(); seen.closed = document.getElementById('details').hidden;
  await type('search', 'delete'); seen.search = rows();
  await type('search', 'my-rule'); seen.rule = rows();
  await type('search', '');
  await type('prefix', 'deep'); seen.prefix = rows();
  await type('prefix', '');
  document.querySelector('#verdicts input[value=same]').click(); await frame(); seen.differing = rows();
  document.querySelector('#verdicts input[value=same]').click(); await frame();
  document.querySelector('#lines .run').click(); await frame(); seen.unfolded = document.querySelectorAll('#lines .run').length;
  document.querySelector('#kinds input').click(); await frame(); seen.kinds = [...document.querySelectorAll('#lines .kind')].map((e) => e.textContent).filter((k) => k === 'CREATE').length;
  window.dispatchEvent(new Event('beforeprint')); seen.paper = document.querySelectorAll('#paper .row').length;
  document.title = 'seen ' + JSON.stringify(seen);
})().catch((e) => { document.title = 'seen ' + JSON.stringify({ error: String(e), seen }); });
`

// driven is what a script says that it has seen on a page.
func driven(t *testing.T, page, script string) map[string]any {
	t.Helper()
	page = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(page, "")
	got := dom(t, strings.Replace(page, "</body>", "<script>"+script+"</script></body>", 1))
	_, rest, ok := strings.Cut(got, "<title>seen ")
	data, _, _ := strings.Cut(rest, "</title>")
	var seen map[string]any
	if err := json.Unmarshal([]byte(data), &seen); !ok || err != nil {
		t.Fatalf("the driver did not come to its end (%v): %.500s", err, got)
	}
	if seen["error"] != nil {
		t.Fatal(data)
	}
	return seen
}

func TestTheToolsOfThePage(t *testing.T) {
	var left []string
	for i := range 40 {
		left = append(left, fmt.Sprintf("CREATE %d", i))
	}
	left = append(left, "CREATE deep", "DELETE deep", "CREATE z")
	right := append(append([]string{}, left[:20]...), "ATTRIB 19")
	right = append(append(right, left[20:41]...), "CREATE z")
	rules, err := diff.ParseRules("rules", strings.NewReader("rule my-rule\nonly a: ATTRIB p\nreason: so it is\nsource: me\n"))
	if err != nil {
		t.Fatal(err)
	}
	text := pageOf(t, compared(t, recording(t, "/d", left...), recording(t, "/d", right...), diff.Options{Rules: rules}))
	seen := driven(t, text, driver)
	const missing, extra = "unexplained deep: only the left recording has this event", "explained 19: only the right recording has this event"
	for key, want := range map[string]any{
		"first": []any{"2 of 2 differences", missing}, "next": []any{"1 of 2 differences", extra}, "wrapped": []any{"2 of 2 differences", missing}, "previous": []any{"1 of 2 differences", extra},
		"folded": 2.0, "closed": true, "search": 1.0, "rule": 1.0, "prefix": 2.0, "differing": 2.0, "unfolded": 1.0, "kinds": 0.0, "paper": 2.0,
	} {
		if fmt.Sprint(seen[key]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", key, seen[key], want)
		}
	}
}

// walker goes from difference to difference.
const walker = `
const seen = { titles: [], rows: [] };
const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
(async () => {
  for (let i = 0; i < 5; i++) {
    seen.titles.push(document.getElementById('position').textContent + ': ' + document.querySelector('#details h2').textContent);
    press('n');
    await new Promise((go) => setTimeout(go, 100));
  }
  seen.rows = [...document.querySelectorAll('#lines .row')].map((row) => [...row.querySelectorAll('.kind, .path, .mark')].map((e) => e.textContent).join(' ') || row.textContent);
  document.title = 'seen ' + JSON.stringify(seen);
})().catch((e) => { document.title = 'seen ' + JSON.stringify({ error: String(e) }); });
`

// A difference whose rows stand in two places is counted and visited once, and what replaces something stands beside it.
func TestThePageGoesFromDifferenceToDifference(t *testing.T) {
	const one, two = "mark text=\"op: one\"", "mark text=\"op: two\""
	left := []string{one, "CREATE a", "MODIFY a", "ATTRIB a", "CREATE b", "DELETE b", two, "CREATE c", "DELETE c"}
	right := []string{one, "CREATE a", "ATTRIB a", "CREATE b", "ATTRIB b", "MODIFY a", "CREATE x", two, "CREATE c", "DELETE c"}
	r := compared(t, recording(t, "/d", left...), recording(t, "/d", right...), diff.Options{Rules: &diff.Catalogue{}})
	seen := driven(t, pageOf(t, r), walker)
	const (
		moved    = "unexplained a: both recordings have this event, records 4 and 7, in a different order; during \"one\""
		replaced = "unexplained b: DELETE in the left recording, ATTRIB in the right one; during \"one\""
		extra    = "unexplained x: only the right recording has this event; during \"one\""
	)
	want := []string{"1 of 3 differences: " + moved, "2 of 3 differences: " + replaced, "3 of 3 differences: " + extra, "1 of 3 differences: " + moved, "2 of 3 differences: " + replaced}
	if fmt.Sprint(seen["titles"]) != fmt.Sprint(want) {
		t.Errorf("visited\n%v\nwant\n%v", seen["titles"], want)
	}
	rows := []string{"▸ one", "CREATE a  CREATE a", "MODIFY a ‹", "ATTRIB a  ATTRIB a", "CREATE b  CREATE b", "DELETE b ≠ ATTRIB b", "› MODIFY a", "› CREATE x", "▸ two", "CREATE c  CREATE c", "DELETE c  DELETE c"}
	if fmt.Sprint(seen["rows"]) != fmt.Sprint(rows) {
		t.Errorf("rows\n%v\nwant\n%v", seen["rows"], rows)
	}
}
