package web_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"firstspike/dataset"
	"firstspike/lab"
	"firstspike/preset"
	"firstspike/train"
	"firstspike/web"
)

// A tab is a page that a test looks at and touches.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	faults []string
}

// newTab is a tab of a browser in which whatever the page complains of, such as
// what its content security policy forbids, fails the test.
func newTab(t *testing.T, ctx context.Context) *tab {
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // the browser lives as long as ctx
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &tab{t: t, ctx: ctx}
	messages, ended := chromedp.Console(ctx), make(chan bool)
	go func() {
		defer close(ended)
		for m, err := range messages {
			if err != nil {
				return
			}
			if strings.Contains(m.Text, "willReadFrequently") {
				continue // the tests read what is drawn
			}
			if m.IsException() || m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning {
				p.mu.Lock()
				p.faults = append(p.faults, m.String()+" "+m.URL)
				p.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return p
}

// complaints fails the test for what the page complained of.
func (p *tab) complaints() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.t.Errorf("the page complains: %s", f)
	}
	p.faults = nil
}

func (p *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// open opens an address, from nothing.
func (p *tab) open(address string) {
	p.t.Helper()
	p.run(chromedp.Navigate("about:blank"), chromedp.Navigate(address))
}

// size is that of the window in pixels.
func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.run(chromedp.EmulateViewport(width, height))
}

// numbers is the value of an expression that is a list of numbers.
func (p *tab) numbers(expression string) []float64 {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]float64](expression))
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// text is the value of an expression, which may be a promise, as text.
func (p *tab) text(expression string) string {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%.300s: %v", expression, err)
	}
	if s, ok := v.(string); ok {
		return s
	}
	return mustJSON(p.t, v)
}

// until waits until an expression is true.
func (p *tab) until(expression string) {
	p.t.Helper()
	end := time.Now().Add(30 * time.Second)
	for p.text("(async () => { try { return !!(await ("+expression+")) } catch { return false } })()") != "true" {
		if time.Now().After(end) {
			p.t.Fatalf("%s is not so after 30 s; the page says: %.2500s", expression, p.text("document.querySelector('main').innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// click clicks the first element of a selector whose text or name begins with
// something.
func (p *tab) click(selector, begins string) {
	p.t.Helper()
	script := fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll(%q)].find((e) => (e.getAttribute('aria-label') || e.textContent).trim().startsWith(%q) && !e.disabled)
		if (!e) return false
		e.scrollIntoView({ block: 'center' })
		e.click()
		return true
	})()`, selector, begins)
	p.until(script)
}

// slide sets a slider, as a hand does.
func (p *tab) slide(selector string, value any) {
	p.t.Helper()
	p.until(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q)
		if (!e) return false
		e.value = %v
		e.dispatchEvent(new Event('input', { bubbles: true }))
		e.dispatchEvent(new Event('change', { bubbles: true }))
		return true
	})()`, selector, value))
}

// box is where an element is on the screen: its left upper corner and size.
func (p *tab) box(selector string) (x, y, width, height float64) {
	p.t.Helper()
	b := p.numbers(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: 'center' }); const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height] })()`, selector))
	return b[0], b[1], b[2], b[3]
}

const pad = `canvas[aria-label^="pad"]`

// A pointer is what draws.
type pointer string

const (
	mouse  pointer = "mouse"
	pen    pointer = "pen"
	finger pointer = "touch"
)

// stroke draws a line through points, in parts of the pad's side.
func (p *tab) stroke(with pointer, points ...[2]float64) {
	p.t.Helper()
	x, y, w, h := p.box(pad)
	touch := func(kind input.DispatchTouchEventType, at ...*input.TouchPoint) {
		p.t.Helper()
		if at == nil {
			at = []*input.TouchPoint{}
		}
		if _, err := chromedp.Call(p.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: at}); err != nil {
			p.t.Fatal(err)
		}
	}
	for i, at := range points {
		px, py := x+at[0]*w, y+at[1]*h
		switch {
		case with == finger && i == 0:
			touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: px, Y: py})
		case with == finger:
			touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: px, Y: py})
		case i == 0:
			p.press(input.DispatchMouseEventTypeMousePressed, [2]float64{px, py}, with)
		default:
			p.press(input.DispatchMouseEventTypeMouseMoved, [2]float64{px, py}, with)
		}
	}
	if last := points[len(points)-1]; with == finger {
		touch(input.DispatchTouchEventTypeTouchEnd)
	} else {
		p.press(input.DispatchMouseEventTypeMouseReleased, [2]float64{x + last[0]*w, y + last[1]*h}, with)
	}
}

// press is what a mouse or a pen does at a place of the screen.
func (p *tab) press(kind input.DispatchMouseEventType, at [2]float64, with pointer) {
	p.t.Helper()
	p.run(chromedp.MouseEvent(kind, at[0], at[1], chromedp.ButtonLeft, chromedp.ClickCount(1), func(e *input.DispatchMouseEventParams) {
		if kind != input.DispatchMouseEventTypeMouseReleased {
			e.Buttons = 1
		}
		if with == pen {
			e.PointerType, e.Force = input.DispatchMouseEventPointerTypePen, .5
		}
	}))
}

// line is points from one to the next.
func line(from, to [2]float64) (points [][2]float64) {
	for i := range 9 {
		f := float64(i) / 8
		points = append(points, [2]float64{from[0] + f*(to[0]-from[0]), from[1] + f*(to[1]-from[1])})
	}
	return points
}

// seven draws a seven.
func (p *tab) seven(with pointer) {
	p.t.Helper()
	p.stroke(with, append(line([2]float64{.25, .25}, [2]float64{.75, .25}), line([2]float64{.75, .25}, [2]float64{.4, .8})...)...)
}

// drawn is what is on the pad.
func (p *tab) drawn() *lab.Canvas {
	p.t.Helper()
	text := p.text(fmt.Sprintf(`(() => {
		const c = document.querySelector(%q)
		const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data
		let s = ''
		for (let i = 0; i < d.length; i += 4) s += String.fromCharCode(d[i])
		return c.width + ' ' + btoa(s)
	})()`, pad))
	var side int
	var pixels string
	fmt.Sscan(text, &side, &pixels)
	bytes, err := base64.StdEncoding.DecodeString(pixels)
	if err != nil || len(bytes) != side*side || side == 0 {
		p.t.Fatalf("%d bytes of a pad of %d: %v", len(bytes), side, err)
	}
	return &lab.Canvas{Rows: side, Cols: side, Pixels: bytes}
}

// decided waits until the page shows a decision as this program makes it.
func (p *tab) decided(l *lab.Lab, q lab.Question) lab.Decision {
	p.t.Helper()
	q.Ask = []string{"decide"}
	a, err := l.Answer(q)
	if err != nil {
		p.t.Fatal(err)
	}
	d := *a.Decision
	if d.Silent {
		p.until(`document.querySelector('.verdict').innerText.includes('silent')`)
		return d
	}
	var potentials []string
	for _, c := range d.Classes {
		if c.Step != lab.Silent {
			potentials = append(potentials, fmt.Sprintf("%.0f", c.Potential))
		}
	}
	want := fmt.Sprintf("%d, before %d", d.Class, d.RunnerUp)
	if d.RunnerUp == lab.None {
		want = fmt.Sprintf("%d, and no other", d.Class)
	}
	p.until(fmt.Sprintf(`document.querySelector('.verdict').innerText.includes(%q)`, want))
	// The bars tell the potentials of all classes.
	p.until(fmt.Sprintf(`%q === [...document.querySelectorAll('.play .classes .value')].map((e) => e.innerText).filter((t) => t !== 'silent').map((t) => Math.round(Number(t))).join(' ')`, strings.Join(potentials, " ")))
	return d
}

// small is a run of a small network for digits, with what this program makes of
// it.
func small(t *testing.T) (dir string, l *lab.Lab, test *dataset.Set) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "digits")
	trained(t, dir, "mozafari2018", func(e *train.Experiment) {
		few(e)
		e.Data.Limit, e.Layers[2].Learn.Epochs = 1000, 5
	})
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = lab.New(m); err != nil {
		t.Fatal(err)
	}
	if test, err = dataset.OpenTest(m.Experiment.Data.Source); err != nil {
		t.Fatal(err)
	}
	return dir, l, test
}

// serve serves runs until the test ends.
func serve(t *testing.T, s *web.Server) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String() + "/"
}

// Everything that a person can do, with a server and without one.
func TestPageInBrowser(t *testing.T) {
	ctx := browser(t)
	dir, l, test := small(t)
	out := t.TempDir()
	site(t, out, dir)
	folders := []string{dir, ended(t)}
	for _, of := range []struct{ name, address string }{
		{"served", serve(t, web.New(folders, web.Options{}))},
		{"site", folder(t, out)},
	} {
		t.Run(of.name, func(t *testing.T) {
			p := newTab(t, ctx)
			p.size(1440, 1000)
			t.Run("playground", func(t *testing.T) { p.t = t; playground(p, of.address, l, test) })
			t.Run("neuron", func(t *testing.T) { p.t = t; neuron(p, of.address, l, test) })
			t.Run("settings", func(t *testing.T) { p.t = t; settings(p, of.address, l, test) })
			t.Run("teach", func(t *testing.T) { p.t = t; teach(p, of.address, l, test) })
			t.Run("tour", func(t *testing.T) { p.t = t; tour(p, of.address) })
			t.Run("errors", func(t *testing.T) { p.t = t; mistaken(p, of.address, l, test) })
			t.Run("keyboard", func(t *testing.T) { p.t = t; keyboard(p, of.address, l, test) })
			if of.name == "served" { // the page is the same
				t.Run("access", func(t *testing.T) { p.t = t; access(p, of.address) })
			}
		})
	}
}

// playground draws, chooses and drops images.
func playground(p *tab, address string, l *lab.Lab, test *dataset.Set) {
	p.open(address + "#/play")
	p.until(`document.querySelectorAll('.mosaic').length === 4`)
	for _, with := range []pointer{mouse, pen, finger} {
		p.seven(with)
		d := p.decided(l, lab.Question{Canvas: p.drawn()})
		if d.Silent {
			p.t.Errorf("%s: what was drawn is silent", with)
		}
		p.stroke(with, line([2]float64{.3, .5}, [2]float64{.65, .5})...)
		p.decided(l, lab.Question{Canvas: p.drawn()})
		took := p.text(`performance.getEntriesByName('stroke to decision').map((e) => e.duration.toFixed(1)).join(' ')`)
		p.t.Logf("%s: milliseconds from stroke to decision: %s", with, took)
		p.click("button", "Undo")
		p.decided(l, lab.Question{Canvas: p.drawn()})
		p.click("button", "Clear")
		p.until(`document.querySelector('.verdict').innerText.includes('Draw a digit')`)
		p.text(`performance.clearMeasures()`)
	}
	// Test digits, with what they are.
	for i := range 3 {
		p.click("button", fmt.Sprintf("test image %d,", i))
		d := p.decided(l, lab.Question{Pixels: test.Image(i)})
		says := "right"
		if d.Class != test.Label(i) {
			says = fmt.Sprintf("it is a %d", test.Label(i))
		}
		p.until(fmt.Sprintf(`document.querySelector('.verdict').innerText.includes(%q)`, says))
	}
	p.slide(`input[type=number]`, 9999)
	p.decided(l, lab.Question{Pixels: test.Image(9999)})
	p.click("button", "By chance")
	p.until(`document.querySelector('.verdict b')`)
	// Why, in the same numbers.
	p.click("button", "test digits before")
	p.open(address + "#/play//0")
	w, err := l.Why(test.Image(0))
	if err != nil {
		p.t.Fatal(err)
	}
	if !w.Decision.Silent && w.Decision.Second != nil {
		p.until(fmt.Sprintf(`document.querySelector('#panel').innerText.includes('The largest ') && document.querySelector('#panel').innerText.replaceAll(',', '').includes(' of %d.')`, len(w.Evidence)))
	}
	// A file, by the chooser and by dropping it.
	picture, err := filepath.Abs("../docs/first-spikes.png")
	if err != nil {
		p.t.Fatal(err)
	}
	data, err := os.ReadFile(picture)
	if err != nil {
		p.t.Fatal(err)
	}
	p.run(chromedp.SetUploadFiles(`input[type=file]`, []string{picture}))
	p.until(`document.querySelector('.left').innerText.includes('The picture was made')`)
	p.decided(l, lab.Question{File: data, Name: "first-spikes.png"})
	p.click("button", "Clear")
	p.text(fmt.Sprintf(`(() => {
		const t = new DataTransfer()
		t.items.add(new File([Uint8Array.from(atob(%q), (c) => c.charCodeAt(0))], 'dropped.png'))
		document.querySelector('.paper').dispatchEvent(new DragEvent('drop', { dataTransfer: t, bubbles: true, cancelable: true }))
		return ''
	})()`, base64.StdEncoding.EncodeToString(data)))
	p.decided(l, lab.Question{File: data, Name: "dropped.png"})
	p.text(`(() => {
		const t = new DataTransfer()
		t.items.add(new File(['no picture'], 'none.png'))
		document.querySelector('.paper').dispatchEvent(new DragEvent('drop', { dataTransfer: t, bubbles: true, cancelable: true }))
		return ''
	})()`)
	p.until(`document.querySelector('[role=alert]')?.innerText.includes('none.png')`)
	p.mu.Lock()
	p.faults = slices.DeleteFunc(p.faults, func(f string) bool { return strings.Contains(f, "400") || strings.Contains(f, "422") }) // the file was refused, as it should be
	p.mu.Unlock()
	p.complaints()
}

// neuron steps and plays through the spikes, and looks at neurons.
func neuron(p *tab, address string, l *lab.Lab, test *dataset.Set) {
	p.open(address + "#/play//0")
	r, err := l.Road(test.Image(0))
	if err != nil {
		p.t.Fatal(err)
	}
	p.until(`document.querySelector('.middle').innerText.includes('spikes')`)
	for _, s := range r.Layers {
		p.until(fmt.Sprintf(`document.querySelector('.middle').innerText.replaceAll(',', '').includes('· %d spike')`, s.Fired))
	}
	// At every step as many squares are coloured as have fired by then.
	lit := func(name string) string {
		return fmt.Sprintf(`(() => {
			const c = document.querySelector('.mosaic[aria-label^=%q] canvas')
			const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data
			const ground = document.documentElement.dataset.theme === 'dark' ? [11, 10, 16] : [239, 237, 242]
			const gap = document.documentElement.dataset.theme === 'dark' ? [26, 23, 36] : [255, 255, 255]
			let n = 0
			for (let i = 0; i < d.length; i += 4) if (![ground, gap].some((g) => g[0] === d[i] && g[1] === d[i + 1] && g[2] === d[i + 2])) n++
			return n
		})()`, name)
	}
	for _, step := range []int{0, 3, 7, r.Steps - 1} {
		p.slide(`.timeline input[type=range]`, step)
		fired := 0
		for _, n := range r.Layers[0].Counts[:step+1] {
			fired += n
		}
		p.until(fmt.Sprintf("%s === %d", lit("S1"), fired))
	}
	p.click("button", "one step back")
	p.until(fmt.Sprintf(`document.querySelector('.timeline').innerText.includes('step %d of')`, r.Steps-1))
	p.click("button", "one step on")
	p.click("button", "play the spikes")
	p.until(`document.querySelector('.timeline').innerText.includes('step 2 of')`)
	p.click("button", "pause")
	p.slide(`.timeline input[type=range]`, r.Steps-1)
	// A neuron that fires, by a click in the middle of its square.
	s := r.Layers[1]
	for i, step := range s.First {
		if int(step) == lab.Silent {
			continue
		}
		n, err := l.Neuron(test.Image(0), s.Name, i/(s.Neurons.Rows*s.Neurons.Cols), i/s.Neurons.Cols%s.Neurons.Rows, i%s.Neurons.Cols)
		if err != nil {
			p.t.Fatal(err)
		}
		x, y, w, h := p.box(`.mosaic[aria-label^="S2"] canvas`)
		size := p.numbers(`(() => { const c = document.querySelector('.mosaic[aria-label^="S2"] canvas'); return [c.width, c.height] })()`)
		across := (int(size[0]) - 1) / (s.Neurons.Cols + 1)
		px := float64(n.Map%across*(s.Neurons.Cols+1)+1+n.Col) + .5
		py := float64(n.Map/across*(s.Neurons.Rows+1)+1+n.Row) + .5
		p.run(chromedp.MouseClickXY(x+px*w/size[0], y+py*h/size[1]))
		p.until(fmt.Sprintf(`document.querySelector('#panel h3')?.innerText === 'S2 · map %d, row %d, column %d'`, n.Map, n.Row, n.Col))
		p.until(fmt.Sprintf(`document.querySelector('#panel').innerText.includes('Fires at step %d')`, n.Step+1))
		counted := 0
		for _, a := range n.Arrivals {
			if a.Step <= n.Step {
				counted++
			}
		}
		p.until(fmt.Sprintf(`document.querySelector('#panel').innerText.includes('by then: %d')`, counted))
		break
	}
	// Back along its strongest input to a neuron of the layer before, and from
	// there to the input.
	p.click("#panel td button", "map")
	p.until(`document.querySelector('#panel h3')?.innerText.startsWith('S1 ')`)
	p.click("#panel td button", "map")
	p.until(`document.querySelector('#panel h3')?.innerText.startsWith('Input ')`)
	p.complaints()
}

// settings turns thresholds and steps.
func settings(p *tab, address string, l *lab.Lab, test *dataset.Set) {
	p.open(address + "#/play//2")
	q := lab.Question{Pixels: test.Image(2)}
	p.decided(l, q)
	for _, s := range [][2]string{{"layers.s1.threshold", "9"}, {"encode.steps", "8"}, {"layers.s2.threshold", "30"}, {"encode.threshold", "120"}} {
		p.slide(`[id="set-`+s[0]+`"]`, s[1])
		if q.Settings == nil {
			q.Settings = map[string]string{}
		}
		q.Settings[s[0]] = s[1]
		p.decided(l, q)
	}
	p.until(`document.querySelector('.timeline').innerText.includes('of 8')`)
	p.click("button", "As it came")
	q.Settings = nil
	p.decided(l, q)
	p.complaints()
}

// teach gives lessons and takes them back.
func teach(p *tab, address string, l *lab.Lab, test *dataset.Set) {
	p.open(address + "#/play//1")
	q := lab.Question{Pixels: test.Image(1)}
	first := p.decided(l, q)
	for i := range 5 {
		p.click(".answers button", fmt.Sprintf("it is a %d", test.Label(1)))
		p.until(fmt.Sprintf(`document.querySelector('section.end').innerText.includes('%d lesson')`, i+1))
		q.Lessons = append(q.Lessons, lab.Lesson{Pixels: test.Image(1), Label: test.Label(1)})
		p.decided(l, q)
	}
	p.until(`document.querySelector('.change')?.innerText.includes('Rewarded') || document.querySelector('.change')?.innerText.includes('Punished')`)
	p.until(`document.querySelector('.change canvas[aria-label^="what map"]')`)
	for range 5 {
		p.click("button", "Undo lesson")
		q.Lessons = q.Lessons[:len(q.Lessons)-1]
		p.decided(l, q)
	}
	if d := p.decided(l, lab.Question{Pixels: test.Image(1)}); d.Class != first.Class {
		p.t.Errorf("decided %d at first, %d after all was undone", first.Class, d.Class)
	}
	p.complaints()
}

// tour goes through all steps; each has something that moves.
func tour(p *tab, address string) {
	p.open(address + "#/explain")
	p.until(`document.querySelector('.step h1')`)
	picture := `[...document.querySelectorAll('.step canvas')].map((c) => c.toDataURL()).join()`
	changes := func(does func()) {
		p.t.Helper()
		p.until(`document.querySelectorAll('.step canvas').length > 0`)
		before := p.text(picture)
		does()
		p.until(fmt.Sprintf("%s !== %q", picture, before))
	}
	next := func(step int) {
		p.t.Helper()
		p.click(".turn button", "Next")
		p.until(fmt.Sprintf(`document.querySelector('.step').dataset.step === '%d'`, step))
	}
	p.until(`document.querySelectorAll('.six figure').length === 6`)
	changes(func() { p.slide("#tour-contrast", 150) })
	changes(func() { p.click(".digits button", "take a 3") })
	p.slide("#tour-contrast", 50)
	next(2)
	changes(func() { p.click("button", "one step on") })
	next(3)
	p.slide("#tour-threshold", 45)
	p.until(`document.querySelector('.step').innerText.includes('It stays silent') || document.querySelector('.step').innerText.includes('It fires at step')`)
	p.slide("#tour-threshold", 15)
	p.until(`document.querySelector('.step').innerText.includes('It fires at step')`)
	changes(func() { p.click("button", "Another neuron") })
	next(4)
	p.click(".step button", "S2")
	p.until(`document.querySelector('.step .mosaic').getAttribute('aria-label').startsWith('S2')`)
	next(5)
	p.until(`document.querySelectorAll('.step tbody tr').length > 0`)
	next(6)
	p.until(`document.querySelectorAll('.step canvas').length === 2`)
	changes(func() { p.click(".step button", "One picture") })
	changes(func() { p.click(".step button", "▶ Let it learn") })
	p.until(`Number(document.querySelector('[data-shown]').dataset.shown) > 100`)
	p.click(".step button", "❚❚ Stop")
	p.click(".step button", "Before any training")
	p.until(`document.querySelector('[data-shown]').dataset.shown === '0'`)
	next(7)
	p.until(`document.querySelector('.step canvas[aria-label="before training: noise"]')`)
	changes(func() { p.click(".answers button", "it is a 5") })
	p.click("button", "Undo lesson")
	next(8)
	p.until(`document.querySelector('.step').innerText.includes('that made the difference') || document.querySelector('.step').innerText.includes('is silent')`)
	p.complaints()
}

// mistaken looks through the errors.
func mistaken(p *tab, address string, l *lab.Lab, test *dataset.Set) {
	p.open(address + "#/errors")
	p.until(`document.querySelector('main').innerText.includes('shown')`)
	wrong := 0
	for i := range test.Len() {
		j, err := l.Judge(test.Image(i), test.Label(i))
		if err != nil {
			p.t.Fatal(err)
		}
		if j.Class != j.Label {
			wrong++
		}
	}
	p.until(fmt.Sprintf(`document.querySelector('main').innerText.replaceAll(',', '').includes('%d errors in %d')`, wrong, test.Len()))
	p.until(`document.querySelectorAll('.grid a').length === 120`)
	margins := `[...document.querySelectorAll('.grid a')].map((a) => Number(a.querySelector('.small.mono').innerText.replace(/[^0-9.]/g, '')))`
	p.until(fmt.Sprintf(`(() => { const m = %s; return m.every((v, i) => i === 0 || v <= m[i - 1]) })()`, margins))
	p.text(`(() => { const s = document.querySelector('.filters select'); s.value = 'number'; s.dispatchEvent(new Event('change', { bubbles: true })); return '' })()`)
	numbers := `[...document.querySelectorAll('.grid a')].map((a) => Number(a.innerText.match(/image (\d+)/)[1]))`
	p.until(fmt.Sprintf(`(() => { const m = %s; return m.every((v, i) => i === 0 || v > m[i - 1]) })()`, numbers))
	p.click("button.cell", "")
	p.until(`document.querySelector('button.cell[aria-pressed=true]') && document.querySelectorAll('.grid a').length === Math.min(120, Number(document.querySelector('button.cell[aria-pressed=true]').innerText))`)
	image := p.text(numbers + `[0]`)
	p.text(`document.querySelector('.grid a').click()`)
	p.until(`location.hash.startsWith('#/play/') && document.querySelector('.verdict b')?.innerText.includes('it is a')`)
	var i int
	fmt.Sscan(image, &i)
	p.decided(l, lab.Question{Pixels: test.Image(i)})
	p.complaints()
}

// keyboard does without a mouse.
func keyboard(p *tab, address string, l *lab.Lab, test *dataset.Set) {
	p.open(address + "#/play//0")
	p.decided(l, lab.Question{Pixels: test.Image(0)})
	p.until(`document.querySelector('.middle').innerText.includes('spikes')`)
	p.run(chromedp.KeyEvent("\t"))
	p.until(`document.activeElement.innerText === 'Skip to the content'`)
	p.run(chromedp.KeyEvent("\r"))
	p.until(`document.activeElement.tagName === 'MAIN'`)
	p.text(`document.querySelector('.mosaic[aria-label^="S1"]').focus()`)
	for _, key := range []string{kb.ArrowRight, kb.ArrowRight, kb.ArrowDown} {
		p.run(chromedp.KeyEvent(key))
	}
	p.until(`document.querySelector('.mosaic[aria-label^="S1"] .said').innerText.startsWith('map 0, row 1, column 2:')`)
	p.run(chromedp.KeyEvent("\r"))
	p.until(`document.querySelector('#panel h3')?.innerText === 'S1 · map 0, row 1, column 2'`)
	// Everything that can be reached shows that it is reached.
	for range 40 {
		p.run(chromedp.KeyEvent("\t"))
		if s := p.text(`(() => { const e = document.activeElement; const s = getComputedStyle(e.type === 'file' ? e.parentElement : e); return e === document.body || s.outlineStyle !== 'none' ? '' : e.outerHTML.slice(0, 200) })()`); s != "" {
			p.t.Errorf("the focus cannot be seen: %s", s)
		}
	}
	p.complaints()
}

// access looks for what keeps people out, on every page, in both themes, on a
// telephone and on a large screen.
func access(p *tab, address string) {
	axe, err := os.ReadFile("app/node_modules/axe-core/axe.min.js")
	if err != nil {
		p.t.Log("without axe-core, which npm ci in web/app installs")
	}
	for _, page := range []string{"live", "play//0", "explain//1", "explain//2", "explain//3", "explain//4", "explain//5", "explain//6", "explain//7", "explain//8", "errors", "sweeps", "sweeps//3"} {
		p.open(address + "#/" + page)
		p.until(`document.querySelector('main h1, main h2') && document.querySelectorAll('main canvas').length > 0`)
		for _, width := range []int64{360, 768, 3840, 1440} {
			p.size(width, 1000)
			p.until(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
			if over := p.text(`document.documentElement.scrollWidth - innerWidth`); !strings.HasPrefix(over, "-") && over != "0" {
				p.t.Errorf("%s at %d pixels: %s pixels too wide", page, width, over)
			}
		}
		if axe == nil {
			continue
		}
		p.text(string(axe) + ";0")
		for range 2 {
			theme := p.text(`document.documentElement.dataset.theme`)
			found := p.text(`axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.filter((v) => ['serious', 'critical', 'moderate'].includes(v.impact)).map((v) => v.impact + ' ' + v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' ' + n.any.map((a) => a.message).join('; ')).join(' | ')).join('\n'))`)
			if found != "" {
				p.t.Errorf("%s, %s:\n%s", page, theme, found)
			}
			p.click("button.theme", "")
			p.until(fmt.Sprintf(`document.documentElement.dataset.theme !== %q`, theme))
		}
	}
	p.complaints()
}

// While a run is trained the page shows it: features as they form, how many are
// right, curves, and beside it another run. When the server is gone it says so.
func TestLiveInBrowser(t *testing.T) {
	ctx := browser(t)
	dir := t.TempDir()
	bars(t, filepath.Join(dir, "bars"))
	s := web.New([]string{dir}, web.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(serving, l) }()
	p := newTab(t, ctx)
	p.size(1440, 1000)
	p.open("http://" + l.Addr().String() + "/#/live")
	// The finished run is there, with the doctor.
	p.until(`document.querySelector('article h2')?.innerText === 'bars'`)
	p.until(`document.querySelector('article canvas[aria-label^="features of"]')`)
	p.click("button", "Ask the doctor")
	p.until(`document.querySelector('article').innerText.includes('nothing to complain of') || document.querySelectorAll('.finding').length > 0`)

	run := filepath.Join(dir, "digits")
	e := digits(t)
	var o train.Options
	if o.Train, o.Test, err = dataset.Open(e.Data.Source); err != nil {
		t.Fatal(err)
	}
	o.Test, o.Workers = o.Test.Limit(50), 1
	trainer, err := train.Create(run, e, o)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	trainer.Watch(s.Watch(run, trainer.Model))
	trained := make(chan error, 1)
	training, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	go func() {
		_, err := trainer.Run(training)
		s.Ended(run)
		trained <- err
	}()
	p.until(`[...document.querySelectorAll('article h2')].some((h) => h.innerText === 'digits')`)
	article := `[...document.querySelectorAll('article')].find((a) => a.querySelector('h2').innerText === 'digits')`
	p.until(article + `.innerText.includes('training')`)
	p.until(article + `.querySelector('[role=progressbar]').getAttribute('aria-valuenow') > 0`)
	p.until(article + `.innerText.includes('as it forms')`)
	// Features change as they form.
	picture := article + `.querySelector('.sheet canvas').toDataURL()`
	before := p.text(picture)
	p.until(fmt.Sprintf(`%s !== %q`, picture, before))
	p.until(`/images a second\s+[1-9]/.test(` + article + `.innerText)`)
	p.until(article + `.innerText.includes('What S3 looks for')`)
	p.until(article + `.innerText.includes('Right, epoch by epoch')`)
	p.until(article + `.querySelectorAll('.u-over').length >= 2`)
	p.until(`/winners an image\s+1\.00/.test(` + article + `.innerText)`)
	p.until(article + `.querySelector('.split[aria-label^="right "]')`)
	// Two runs, side by side.
	p.until(`document.querySelectorAll('.chooser input').length === 2`)
	p.text(`[...document.querySelectorAll('.chooser input')].filter((i) => !i.checked).forEach((i) => i.click())`)
	p.until(`document.querySelectorAll('article').length === 2`)
	p.until(`document.querySelector('main').innerText.includes('Side by side')`)
	interrupt()
	if err := <-trained; !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	p.until(article + `.querySelector('.badge').innerText === 'interrupted'`)
	p.complaints()

	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	p.until(`document.querySelector('[role=status]')?.innerText.includes('does not answer')`)
}

// digits is an experiment with digits that takes long.
func digits(t *testing.T) train.Experiment {
	t.Helper()
	p, _ := preset.Lookup("mozafari2018")
	e := p.Experiment.Clone()
	few(&e)
	e.Data.Limit, e.Layers[0].Learn.Epochs, e.Layers[1].Learn.Epochs, e.Layers[2].Learn.Epochs = 4000, 3, 3, 5000
	return e
}
