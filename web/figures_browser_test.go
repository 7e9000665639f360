package web_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"firstspike/dataset"
	"firstspike/lab"
	"firstspike/train"
	"firstspike/web"
)

// What docs/page.md says of speed, with a server and without one. It asserts no
// times; it takes a minute, and needs a run that is trained:
//
//	go test ./web -run TestFigures -v -site-run runs/mozafari2018-seed1
func TestFigures(t *testing.T) {
	if *siteRun == "" {
		t.Skip("for measuring: go test ./web -run TestFigures -v -site-run RUN")
	}
	run, err := filepath.Abs(*siteRun)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	w := site(t, out, run)
	t.Logf("site: first load %d bytes: page %d, engine %d, network %d; whole %d", w.First(), w.Page, w.Engine, w.Network, w.Whole)
	decisions(t, out, run, w.Runs[0].ID)
	for _, of := range []struct{ name, address string }{
		{"served", serve(t, web.New([]string{run}, web.Options{}))},
		{"site", folder(t, out)},
	} {
		t.Run(of.name, func(t *testing.T) {
			p := newTab(t, browser(t))
			p.size(1440, 1000)
			measured(p, of.address)
			p.complaints()
		})
	}
}

// decisions logs how long the engine in a browser takes for a decision.
func decisions(t *testing.T, dir, run, id string) {
	m, err := train.Load(run)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = m.Rounded(); err != nil {
		t.Fatal(err)
	}
	own, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	test, err := dataset.OpenTest(m.Experiment.Data.Source)
	if err != nil {
		t.Fatal(err)
	}
	var questions []lab.Question
	for i := range 400 {
		questions = append(questions, lab.Question{Ask: []string{"decide"}, Pixels: test.Image(i)})
	}
	e := startEngine(t, browser(t), dir, id)
	e.same(t, "decide", own, questions[:200])
	took := e.same(t, "decide", own, questions[200:])
	t.Logf("a decision in the engine: %.1f ms", took/200)
}

// measured logs how fast the page is.
func measured(p *tab, address string) {
	// The first time nothing is in the browser's memory, the second time all is.
	for _, time := range []string{"first", "second"} {
		p.open(address + "#/play//0")
		p.until(`document.querySelector('.verdict b')`)
		p.until(`document.querySelector('.middle').innerText.includes('spikes')`)
		p.t.Logf("%s load, milliseconds: the page can be used after %s; the first decision is there after %s", time,
			p.text(`performance.getEntriesByName('ready')[0].startTime.toFixed(0)`),
			p.text(`(performance.getEntriesByName('stroke to decision')[0].startTime + performance.getEntriesByName('stroke to decision')[0].duration).toFixed(0)`))
	}
	p.text(`performance.clearMeasures()`)
	var strokes []float64
	for range 5 {
		p.click("button", "Clear")
		p.until(`document.querySelector('.verdict').innerText.includes('Draw a digit')`)
		p.slowly(append(line([2]float64{.25, .25}, [2]float64{.75, .25}), line([2]float64{.75, .25}, [2]float64{.4, .8})...))
		strokes = append(strokes, p.numbers(`performance.getEntriesByName('stroke to decision').map((e) => e.duration)`)...)
		p.text(`performance.clearMeasures()`)
	}
	p.t.Logf("stroke to decision, milliseconds: %s", quantiles(strokes))

	p.open(address + "#/play//0")
	p.until(`document.querySelector('.middle').innerText.includes('spikes')`)
	p.text(`(window.frames_ = [], window.frame_ = (at) => { frames_.push(at); requestAnimationFrame(frame_) }, 0)`)
	p.click("button", "play the spikes")
	p.text(`requestAnimationFrame(frame_)`)
	time.Sleep(4 * time.Second)
	frames := p.numbers(`frames_.slice(1).map((at, i) => at - frames_[i])`)
	sum := 0.0
	for _, f := range frames {
		sum += f
	}
	p.t.Logf("playing spikes: %.1f frames a second; milliseconds a frame: %s", 1000*float64(len(frames))/sum, quantiles(frames))
	p.run(chromedp.Navigate("about:blank"))
}

// slowly draws a line as a hand does: a point every 12 milliseconds.
func (p *tab) slowly(points [][2]float64) {
	p.t.Helper()
	x, y, w, h := p.box(pad)
	var fine [][2]float64
	for i, at := range points[1:] {
		for k := range 4 {
			f := float64(k) / 4
			fine = append(fine, [2]float64{x + w*(points[i][0]+f*(at[0]-points[i][0])), y + h*(points[i][1]+f*(at[1]-points[i][1]))})
		}
	}
	p.press("mousePressed", fine[0], mouse)
	for _, at := range fine[1:] {
		p.press("mouseMoved", at, mouse)
		time.Sleep(12 * time.Millisecond)
	}
	p.press("mouseReleased", fine[len(fine)-1], mouse)
	time.Sleep(300 * time.Millisecond)
}

func quantiles(v []float64) string {
	if len(v) == 0 {
		return "none"
	}
	v = slices.Sorted(slices.Values(v))
	at := func(f float64) float64 { return v[int(f*float64(len(v)-1))] }
	return fmt.Sprintf("median %.1f, 95 %% below %.1f, most %.1f, of %d", at(.5), at(.95), at(1), len(v))
}

// Nothing on a page jumps while it loads: the sum of what moves, as browsers
// measure it, stays below 0.1, which is called good, on a busy machine too.
func TestStillInBrowser(t *testing.T) {
	ctx := browser(t)
	dir := t.TempDir()
	bars(t, filepath.Join(dir, "bars"))
	p := newTab(t, ctx)
	address := serve(t, web.New([]string{dir, ended(t)}, web.Options{}))
	for _, width := range []int64{360, 1440} {
		p.size(width, 900)
		for _, page := range []string{"live", "play//0", "explain//1", "explain//6", "errors", "sweeps"} {
			p.open(address + "#/" + page)
			p.until(`document.querySelector('main h1, main h2')`)
			time.Sleep(700 * time.Millisecond)
			moved := p.numbers(`(() => {
				const o = new PerformanceObserver(() => {})
				o.observe({ type: 'layout-shift', buffered: true })
				return [o.takeRecords().filter((e) => !e.hadRecentInput).reduce((s, e) => s + e.value, 0)]
			})()`)[0]
			t.Logf("%s at %d pixels: %.4f", page, width, moved)
			if moved > .1 {
				t.Errorf("%s at %d pixels: %.3f of the page jumps", page, width, moved)
			}
		}
	}
}

var slowdown = flag.Bool("slowdown", false, "run TestSlowdown, which takes minutes")

var shots = flag.String("screens", "", "a `folder`: TestScreens draws the pictures of the documentation into it")

// TestScreens draws the pictures of the page in docs, with -screens docs and a run.
func TestScreens(t *testing.T) {
	if *shots == "" || *siteRun == "" {
		t.Skip("draws the pictures of the documentation: go test ./web -run TestScreens -screens ../docs -site-run RUN")
	}
	run, err := filepath.Abs(*siteRun)
	if err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	p := newTab(t, ctx)
	address := serve(t, web.New([]string{run}, web.Options{}))
	shot := func(name string) {
		png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*shots, name), png, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p.size(1680, 1050)
	p.open(address + "#/play//247")
	p.until(`document.querySelector('.verdict b')`)
	p.until(`document.querySelector('.middle').innerText.includes('spikes') && document.querySelector('#panel table')`)
	time.Sleep(500 * time.Millisecond)
	shot("page-playground.png")
	p.size(1440, 960)
	p.open(address + "#/explain//6")
	p.click(".step button", "▶ Let it learn")
	p.until(`Number(document.querySelector('[data-shown]').dataset.shown) > 1500`)
	p.click(".step button", "❚❚ Stop")
	time.Sleep(2 * time.Second)
	shot("page-tour.png")
}
