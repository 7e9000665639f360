package web_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"firstspike/preset"
	"firstspike/sweep"
	"firstspike/web"
)

// twelve is a sweep of twelve points and two seeds: an axis of numbers, one of words
// with one that has a meaning for one of them only, and a logarithmic one.
const twelve = `
preset = "bars"
seeds = 2
[set]
protocol.validation = 200
layers.s2.learn.epochs = 6
[[axis]]
path = "layers.s1.threshold"
values = [4, 1]
[[axis]]
paths = ["layers.s1.learn.rule", "layers.s1.learn.stabiliser"]
values = [["stdp", true], ["vdsp", false]]
[[axis]]
path = "layers.s1.learn.voltage"
values = [0.2, 0.6]
when = "layers.s1.learn.rule == \"vdsp\""
[[axis]]
path = "layers.s2.learn.a_plus"
log = { from = 0.0001, to = 0.004, count = 2 }
`

// beginSweep begins a sweep in a folder, and trains nothing of it.
func beginSweep(t *testing.T, dir, text string) (r *sweep.Runner, jobs []sweep.Job) {
	t.Helper()
	s, err := sweep.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := preset.Lookup(s.Preset)
	plan, err := sweep.NewPlan(s, p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	r = &sweep.Runner{Plan: plan, Store: sweep.Store{Dir: dir}, Slots: 2}
	if err := r.Store.Begin([]byte(text), p.Experiment); err != nil {
		t.Fatal(err)
	}
	if jobs, err = r.Jobs(0); err != nil {
		t.Fatal(err)
	}
	return r, jobs
}

// ended is the folder of a sweep that has ended, with a point that failed.
func ended(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "twelve-sweep")
	r, jobs := beginSweep(t, dir, twelve)
	if err := r.RunJobs(t.Context(), jobs[:22]); err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs[22:] {
		mustWrite(t, filepath.Join(dir, "failures", j.Key+".json"), sweep.Failure{Key: j.Key, Error: "no space left on device", Host: "node1", Ended: time.Now()})
	}
	return dir
}

func mustWrite(t *testing.T, path string, v any) {
	t.Helper()
	if err := sweep.WriteJSON(path, v); err != nil {
		t.Fatal(err)
	}
}

// ranked are the points of the page's table, in its order.
const ranked = `[...document.querySelectorAll('.two tbody tr[data-point]')].map((r) => Number(r.dataset.point))`

// A sweep is followed while another process trains it: opened, sorted, narrowed
// by mouse and by keys, and down to the curves of a point.
func TestSweepsInBrowser(t *testing.T) {
	ctx := browser(t)
	dir := t.TempDir()
	store := filepath.Join(dir, "twelve-sweep")
	r, jobs := beginSweep(t, store, twelve)
	if len(r.Plan.Points) != 12 || len(jobs) != 24 {
		t.Fatalf("%d points, %d trainings", len(r.Plan.Points), len(jobs))
	}
	// The last point fails; the two before it come later, one is in training now.
	failing := jobs[22:]
	for i, j := range failing {
		mustWrite(t, filepath.Join(store, "failures", j.Key+".json"), sweep.Failure{Key: j.Key, Error: "no space left <b>on device</b>", Host: fmt.Sprintf("node%d", i), Ended: time.Now()})
	}
	claim := filepath.Join(store, "claims", jobs[18].Key[:16]+".1")
	mustWrite(t, claim, sweep.Holder{Host: "node7", Task: jobs[18].String(), At: "s2, epoch 3 of 6", Part: .5})
	if err := r.RunJobs(t.Context(), jobs[:18]); err != nil {
		t.Fatal(err)
	}
	p := newTab(t, ctx)
	p.size(1440, 1000)
	p.open(serve(t, web.New([]string{dir}, web.Options{}))) // without a run the page begins here
	p.until(`document.title === 'Sweeps · firstspike' && document.querySelector('h1').innerText === 'twelve'`)
	p.until(`document.querySelector('main').innerText.includes('18 of 24 trainings finished, 2 failed, 1 in training')`)
	p.until(`document.querySelector('.working').innerText.includes('point 9, seed 1 on node7: s2, epoch 3 of 6')`)
	p.click("summary", "✕ Why 2 failed")
	p.until(`document.querySelector('.failures').innerText.includes('no space left <b>on device</b>') && document.querySelector('.failures').innerText.includes('point 11, seed 1; point 11, seed 2')`)

	// The order is that of the program.
	order := func() string {
		t.Helper()
		o, err := r.Look()
		if err != nil {
			t.Fatal(err)
		}
		var points []int
		for _, l := range o.Ranked() {
			points = append(points, l.Point.Index)
		}
		return strings.ReplaceAll(fmt.Sprint(points), " ", ",")
	}
	p.until(fmt.Sprintf(`JSON.stringify(%s) === %q`, ranked, order()))
	o, err := r.Look()
	if err != nil {
		t.Fatal(err)
	}
	best, _ := o.Best()
	p.until(fmt.Sprintf(`document.querySelector('.two tbody tr').innerText.includes('★ 1') && document.querySelector('.two tbody tr').innerText.includes('%.2f')`, best.Mean))
	p.click("thead button", "worst")
	worst := `[...document.querySelectorAll('.two tbody tr[data-point] td:nth-child(4)')].map((c) => parseFloat(c.innerText)).filter((v) => !isNaN(v))`
	p.until(fmt.Sprintf(`document.querySelector('th[aria-sort=descending]').innerText.includes('worst') && %s.every((v, i, m) => i === 0 || v <= m[i - 1])`, worst))
	p.click("thead button", "worst")
	p.until(fmt.Sprintf(`document.querySelector('th[aria-sort=ascending]').innerText.includes('worst') && %s.every((v, i, m) => i === 0 || v >= m[i - 1])`, worst))
	p.click("thead button", "s1threshold")
	p.until(`document.querySelector('.two tbody tr[data-point] td:nth-child(6)').innerText === '1'`)
	p.click("thead button", "rank")
	p.until(fmt.Sprintf(`JSON.stringify(%s) === %q`, ranked, order()))

	// A line under the pointer says what it is.
	star := p.numbers(`(() => { document.querySelector('.lines').scrollIntoView({ block: 'center' }); const a = document.querySelector('.catch[data-axis="4"]').getBoundingClientRect(); const b = document.querySelector('.star').getBoundingClientRect(); return [a.left + a.width / 2, b.top + b.height / 2] })()`)
	p.hover(star[0], star[1])
	p.until(fmt.Sprintf(`document.querySelector('.over').dataset.over === '%d' && document.querySelector('.over').innerText.includes('★ the best: point %d')`, best.Point.Index, best.Point.Index))
	p.until(fmt.Sprintf(`document.querySelector('.two tr.hovered').dataset.point === '%d'`, best.Point.Index))

	// A drag along an axis narrows all to a range, a click lets go of it.
	kept := func(n int) {
		t.Helper()
		p.until(fmt.Sprintf(`document.querySelector('[data-kept]').dataset.kept === '%d' && %s.length === %d`, n, ranked, n))
	}
	kept(12)
	p.drag(0, .1, .5) // the upper half: a threshold of 4
	kept(6)
	p.until(`[...document.querySelectorAll('.two tbody tr[data-point] td:nth-child(6)')].every((c) => c.innerText === '4')`)
	p.until(`document.querySelector('.chips').innerText.includes('s1.threshold')`)
	p.drag(2, .99, .9) // no voltage: rule stdp
	kept(2)
	p.drag(2, .5, .5)
	kept(6)
	p.click(".chips button", "s1.threshold")
	kept(12)
	p.drag(4, .99, .9) // those that failed
	kept(1)
	p.click(".chips button", "All points")
	kept(12)

	// The same by keys.
	p.text(`document.querySelector('[role=slider][aria-label="s1.threshold: from"]').focus()`)
	p.run(chromedp.KeyEvent(kb.ArrowUp))
	kept(6)
	p.until(`document.activeElement.getAttribute('aria-valuetext') === '4'`)
	p.text(`document.querySelector('[role=slider][aria-label="s1.learn.voltage: from"]').focus()`)
	p.until(`document.activeElement.getAttribute('aria-valuetext') === 'none'`)
	p.run(chromedp.KeyEvent(kb.ArrowUp))
	p.until(`document.activeElement.getAttribute('aria-valuetext') === '0.2'`)
	kept(4)
	p.run(chromedp.KeyEvent(kb.ArrowUp))
	kept(2)
	p.run(chromedp.KeyEvent(kb.Escape))
	kept(6)
	p.text(`document.querySelector('[role=slider][aria-label="s1.threshold: to"]').focus()`)
	p.run(chromedp.KeyEvent(kb.Escape))
	kept(12)

	// A point leads to its runs.
	point := r.Plan.Points[3]
	p.click(".two tbody a", fmt.Sprintf("point %d,", point.Index))
	p.until(fmt.Sprintf(`location.hash === '#/sweeps/twelve-sweep/%d' && document.querySelector('.point h2').innerText.startsWith('Point %d, rank ')`, point.Index, point.Index))
	p.until(`document.querySelector('.point .u-over') && document.querySelector('.two tr.chosen a[aria-current]')`)
	results, err := r.Store.Results()
	if err != nil {
		t.Fatal(err)
	}
	for i, j := range jobs[2*point.Index : 2*point.Index+2] {
		x := results[j.Key]
		p.until(fmt.Sprintf(`document.querySelectorAll('.point tbody tr')[%d].innerText.replace(/\s+/g, ' ').startsWith('%d %.2f %d ')`, i, j.Seed, x.Percent(), x.Epoch+1))
	}
	for _, s := range point.Settings {
		p.until(fmt.Sprintf(`document.querySelector('.point .settings').innerText.replace(/\s+/g, ' ').includes(%q)`, strings.TrimPrefix(s.Path, "layers.")+" "+s.Value))
	}
	p.click(".two tbody a", "point 11,")
	p.until(`document.querySelector('.point').innerText.includes('✕ failed on node1: no space left <b>on device</b>')`)

	// More results come, from elsewhere.
	os.Remove(claim)
	if err := r.RunJobs(t.Context(), jobs[18:22]); err != nil {
		t.Fatal(err)
	}
	p.until(`document.querySelector('main').innerText.includes('22 of 24 trainings finished, 2 failed') && !document.querySelector('.working')`)
	p.until(fmt.Sprintf(`JSON.stringify(%s) === %q`, ranked, order()))
	// What was chosen is still chosen, and the way back works.
	p.until(`document.querySelector('.two tr.chosen').dataset.point === '11'`)
	p.text(`history.back()`)
	p.until(`document.querySelector('.point h2').innerText.startsWith('Point 3,')`)
	// Everything that can be reached shows that it is reached.
	p.text(`document.querySelector('[role=slider]').focus()`)
	for range 40 {
		p.run(chromedp.KeyEvent("\t"))
		if s := p.text(`(() => { const e = document.activeElement; const s = [getComputedStyle(e), getComputedStyle(e, '::after')]; return e === document.body || s.some((s) => s.outlineStyle !== 'none') ? '' : e.outerHTML.slice(0, 200) })()`); s != "" {
			p.t.Errorf("the focus cannot be seen: %s", s)
		}
	}
	p.complaints()
}

// hover moves the mouse to a place of the screen.
func (p *tab) hover(x, y float64) {
	p.t.Helper()
	p.run(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
}

// drag drags along an axis of a sweep, from and to parts of its height.
func (p *tab) drag(axis int, from, to float64) {
	p.t.Helper()
	x, y, w, h := p.box(fmt.Sprintf(`.catch[data-axis="%d"]`, axis))
	p.press(input.DispatchMouseEventTypeMousePressed, [2]float64{x + w/2, y + from*h}, mouse)
	for i := range 5 {
		f := float64(i+1) / 5
		p.press(input.DispatchMouseEventTypeMouseMoved, [2]float64{x + w/2, y + h*(from+f*(to-from))}, mouse)
	}
	p.press(input.DispatchMouseEventTypeMouseReleased, [2]float64{x + w/2, y + to*h}, mouse)
}

var sweepScreen = flag.String("sweep-screen", "", "a `folder`: TestSweepScreen draws the picture of a sweep into it, which takes ten minutes")

// TestSweepScreen draws the picture of a sweep in docs.
func TestSweepScreen(t *testing.T) {
	if *sweepScreen == "" {
		t.Skip("draws a picture of the documentation: go test ./web -run TestSweepScreen -sweep-screen ../docs")
	}
	browserTime = time.Hour
	ctx := browser(t)
	dir := filepath.Join(t.TempDir(), "digits-sweep")
	r, jobs := beginSweep(t, dir, `
preset = "mozafari2018"
seeds = 3
[set]
data.limit = 4000
protocol.validation = 1000
layers.s1.maps = 16
layers.s2.maps = 64
layers.s3.maps = 100
layers.s1.learn.epochs = 1
layers.s2.learn.epochs = 2
layers.s3.learn.epochs = 12
[[axis]]
path = "layers.s2.threshold"
values = [4, 7, 10]
[[axis]]
path = "layers.s2.learn.k"
values = [4, 8]
[[axis]]
path = "layers.s3.learn.a_plus"
log = { from = 0.001, to = 0.016, count = 3 }
`)
	if err := r.RunJobs(t.Context(), jobs); err != nil {
		t.Fatal(err)
	}
	p := newTab(t, ctx)
	p.size(1440, 1830)
	p.open(serve(t, web.New([]string{dir}, web.Options{})) + "#/sweeps")
	p.until(`document.querySelector('.point .u-over') && document.querySelectorAll('.panels figure').length === 3`)
	time.Sleep(500 * time.Millisecond)
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*sweepScreen, "page-sweep.png"), png, 0o666); err != nil {
		t.Fatal(err)
	}
}

var manyPoints = flag.Bool("many-points", false, "run TestManyPointsInBrowser, which takes ten seconds")

// What docs/page.md says of sweeps with many points. It asserts no times:
//
//	go test ./web -run TestManyPoints -v -many-points
func TestManyPointsInBrowser(t *testing.T) {
	if !*manyPoints {
		t.Skip("for measuring: go test ./web -run TestManyPoints -v -many-points")
	}
	ctx := browser(t)
	dir := filepath.Join(t.TempDir(), "many-sweep")
	_, jobs := beginSweep(t, dir, `
preset = "bars"
seeds = 1
[set]
protocol.validation = 200
[search]
kind = "sobol"
points = 2000
[[axis]]
path = "layers.s1.threshold"
range = { from = 1, to = 4 }
[[axis]]
path = "layers.s2.learn.a_plus"
log = { from = 0.001, to = 0.064 }
[[axis]]
path = "layers.s1.fires"
values = [">", ">="]
`)
	for i, j := range jobs {
		right := 100 + (i*7919)%101
		x := sweep.Result{Key: j.Key, Seed: j.Seed, Run: j.Key[:16] + ".1", Weights: j.Key}
		x.Validation.Right, x.Validation.Wrong = right, 200-right
		// Not as a store writes it, which waits for the disk.
		if err := os.WriteFile(filepath.Join(dir, "results", j.Key+".json"), []byte(mustJSON(t, x)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p := newTab(t, ctx)
	p.size(1440, 1000)
	began := time.Now()
	p.open(serve(t, web.New([]string{dir}, web.Options{})) + "#/sweeps")
	p.until(`document.querySelector('[data-kept]').dataset.kept === '2000' && document.querySelectorAll('.two tbody tr[data-point]').length === 100`)
	t.Logf("2000 points are there after %v", time.Since(began).Round(time.Millisecond))
	p.until(`document.querySelectorAll('.panels figure').length === 3`)
	took := func(what, does string) {
		t.Helper()
		list := p.text(`(async () => {
			const settled = () => new Promise((r) => requestAnimationFrame(() => setTimeout(r)))
			const on = document.querySelectorAll('.catch')[0]
			on.setPointerCapture = () => {}
			const b = on.getBoundingClientRect()
			const send = (kind, x, y) => on.dispatchEvent(new PointerEvent(kind, { clientX: b.x + b.width / 2 + x, clientY: b.y + y * b.height, bubbles: true, pointerId: 1, button: 0 }))
			const took = []
			const step = async (does) => { const t = performance.now(); does(); await settled(); took.push(performance.now() - t) }
			` + does + `
			return took.map((t) => t.toFixed(0)).join(' ')
		})()`)
		t.Logf("%s, milliseconds a frame: %s", what, list)
	}
	took("the pointer moves", `for (let i = 0; i < 10; i++) await step(() => send('pointermove', 100 + 20 * i, .5))`)
	took("a drag along an axis", `send('pointerdown', 0, .2); for (let i = 1; i < 10; i++) await step(() => send('pointermove', 0, .2 + .05 * i)); send('pointerup', 0, .65)`)
	p.until(`Number(document.querySelector('[data-kept]').dataset.kept) > 500 && Number(document.querySelector('[data-kept]').dataset.kept) < 1500`)
	p.click(".two button", "Show more")
	p.until(`document.querySelectorAll('.two tbody tr[data-point]').length === 500`)
	p.complaints()
}
