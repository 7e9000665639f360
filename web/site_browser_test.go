package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"firstspike/dataset"
	"firstspike/lab"
	"firstspike/train"
	"firstspike/web"
)

var siteRun = flag.String("site-run", "", "a run's `folder`: TestSameInBrowser compares all its test images, which takes minutes")

// few makes a network for digits small and its training short.
func few(e *train.Experiment) {
	e.Data.Limit, e.Protocol.Validation = 300, 40
	e.Layers[1].Maps, e.Layers[2].Maps, e.Layers[2].Learn.Epochs = 40, 20, 3
}

// The engine in a browser answers as this program does, to the last byte.
func TestSameInBrowser(t *testing.T) {
	run, most := *siteRun, 100
	if run != "" {
		most, browserTime = 1<<30, time.Hour
	}
	page := browser(t)
	if run == "" {
		run = filepath.Join(t.TempDir(), "digits")
		trained(t, run, "mozafari2018", few)
	}
	m, err := train.Load(run)
	if err != nil {
		t.Fatal(err)
	}
	test, err := dataset.OpenTest(m.Experiment.Data.Source)
	if err != nil {
		t.Fatal(err)
	}
	test = test.Limit(most)
	dir := t.TempDir()
	w := site(t, dir, run)
	t.Logf("first load %d bytes: page %d, engine %d, network %d; whole %d", w.First(), w.Page, w.Engine, w.Network, w.Whole)
	e := startEngine(t, page, dir, w.Runs[0].ID)

	rounded, err := m.Rounded()
	if err != nil {
		t.Fatal(err)
	}
	own, err := lab.New(rounded)
	if err != nil {
		t.Fatal(err)
	}
	full, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	same := func(kind string, questions ...lab.Question) {
		t.Helper()
		asked[kind] += len(questions)
		took := e.same(t, kind, own, questions)
		if kind != "decide" || len(questions) > 1 {
			t.Logf("%s: %d questions, %.2f ms each in the browser", kind, len(questions), took/float64(len(questions)))
		}
	}

	var all []lab.Question
	for i := range test.Len() {
		all = append(all, lab.Question{Ask: []string{"decide"}, Pixels: test.Image(i)})
		d, err := own.Decide(test.Image(i))
		if err != nil {
			t.Fatal(err)
		}
		if p := full.Predict(test.Image(i)); d.Class != p.Class || d.RunnerUp != p.RunnerUp {
			t.Errorf("image %d: the rounded network decides %d, then %d; the network itself %d, then %d", i, d.Class, d.RunnerUp, p.Class, p.RunnerUp)
		}
	}
	same("decide", all...)
	if *siteRun != "" {
		// The way of every image, and what comes of every canvas.
		for i := range all {
			all[i].Ask = []string{"decide", "road", "contrasts"}
		}
		same("road", all...)
	}
	if err := page.Err(); err != nil {
		t.Fatal(err)
	}

	rng := rand.New(rand.NewPCG(1, 2))
	layers := own.Network().Layers
	var strokes, whys, neurons, set, lessons, learns []lab.Question
	const some = 9
	for i := range some {
		image := test.Image(i * test.Len() / some)
		strokes = append(strokes, lab.Question{Ask: []string{"image", "decide", "road", "contrasts"}, Canvas: enlarged(image, test.Rows, test.Cols)})
		whys = append(whys, lab.Question{Ask: []string{"why", "decide"}, Pixels: image})
		l := layers[i%len(layers)]
		neurons = append(neurons, lab.Question{Ask: []string{"neuron", "map"}, Pixels: image, Layer: l.Name,
			Map: rng.IntN(l.Neurons.Maps), Row: rng.IntN(l.Neurons.Rows), Col: rng.IntN(l.Neurons.Cols)})
		set = append(set, lab.Question{Ask: []string{"settings", "decide", "road"}, Pixels: image,
			Settings: map[string]string{"layers.s1.threshold": fmt.Sprint(10 + i), "encode.steps": fmt.Sprint(8 + i/3)}})
		lessons = append(lessons, lab.Question{Ask: []string{"teach", "decide", "network"}, Pixels: image, Label: i % 10})
		if i > 0 {
			last := lessons[i-1]
			lessons[i].Lessons = append(last.Lessons[:len(last.Lessons):len(last.Lessons)], lab.Lesson{Pixels: last.Pixels, Label: last.Label})
		}
	}
	for i, l := range layers[:len(layers)-1] {
		learns = append(learns, lab.Question{Ask: []string{"learn"}, Learn: &lab.Learn{Layer: l.Name, Rate: float64(1 + i), Images: [][]byte{test.Image(0), test.Image(1), test.Image(2)}}})
	}
	same("stroke", strokes...)
	same("why", whys...)
	same("neuron", neurons...)
	same("settings", set...)
	same("teach", lessons...)
	same("undo", lab.Question{Ask: []string{"decide"}, Pixels: test.Image(0)})
	same("learn", learns...)
	same("sheet", lab.Question{Ask: []string{"sheet", "network"}, Layer: layers[0].Name}, lab.Question{Ask: []string{"sheet"}, Layer: layers[1].Name, Untrained: true})
	picture, err := os.ReadFile("../docs/first-spikes.png")
	if err != nil {
		t.Fatal(err)
	}
	same("picture", lab.Question{Ask: []string{"image", "decide"}, File: picture, Name: "first-spikes.png"})
	same("faults", lab.Question{Ask: []string{"decide"}}, lab.Question{Ask: []string{"nothing"}},
		lab.Question{Ask: []string{"decide"}, File: []byte("none"), Name: "none.png"}, lab.Question{Ask: []string{"decide"}, Pixels: test.Image(1)})

	t.Logf("the same: %v", asked)
}

// enlarged is an image as somebody would draw it.
func enlarged(image []byte, rows, cols int) *lab.Canvas {
	const times = 5
	c := &lab.Canvas{Rows: rows * times, Cols: cols * times}
	for y := range c.Rows {
		for x := range c.Cols {
			c.Pixels = append(c.Pixels, image[y/times*cols+x/times])
		}
	}
	return c
}

// An engine runs in a worker of a site's page.
type engine struct{ page context.Context }

// startEngine opens a site in a browser, starts its engine with one of its
// networks, and waits until it answers.
func startEngine(t *testing.T, page context.Context, dir, id string) engine {
	t.Helper()
	workers, err := filepath.Glob(filepath.Join(dir, "assets", "engine.worker-*.js"))
	if err != nil || len(workers) != 1 {
		t.Fatalf("the page has the workers %q (%v); want one", workers, err)
	}
	base := folder(t, dir)
	if err := chromedp.Do(page, chromedp.Navigate(base)); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`(async () => {
		const worker = new Worker(%q, {type: 'module'})
		let number = 0
		const waiting = new Map()
		worker.onmessage = e => { waiting.get(e.data.number)(e.data.text); waiting.delete(e.data.number) }
		worker.onerror = e => { for (const answer of waiting.values()) answer('the worker failed: ' + e.message) }
		const ask = question => new Promise(answer => {
			waiting.set(++number, answer)
			worker.postMessage({number, base: %q, id: %q, question})
		})
		const sum = async text => Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))), b => b.toString(16).padStart(2, '0')).join('')
		window.ask = ask
		window.askAll = async questions => {
			const began = performance.now()
			const texts = []
			for (const q of questions) texts.push(await ask(q))
			const took = performance.now() - began
			return {took, sums: await Promise.all(texts.map(sum))}
		}
		const began = performance.now()
		const text = await ask('{"ask":["network"]}')
		if (!text.startsWith('{"network"')) throw new Error(text)
		return performance.now() - began
	})()`, base+"assets/"+filepath.Base(workers[0]), base, id)
	took, err := chromedp.Run(page, chromedp.Evaluate[float64](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the engine answers %.0f ms after its worker was started", took)
	return engine{page}
}

// same asks a browser and a lab the same questions, in the same order, and
// compares the answers. It returns the milliseconds that the browser took.
func (e engine) same(t *testing.T, kind string, own *lab.Lab, questions []lab.Question) (took float64) {
	t.Helper()
	const most = 100
	for len(questions) > 0 {
		some := questions[:min(most, len(questions))]
		questions = questions[len(some):]
		var texts []string
		for _, q := range some {
			texts = append(texts, mustJSON(t, q))
		}
		got, err := chromedp.Run(e.page, chromedp.Evaluate[struct {
			Took float64
			Sums []string
		}](fmt.Sprintf(`askAll(%s)`, mustJSON(t, texts)), chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		took += got.Took
		for i, q := range texts {
			answer, err := web.Answer(own, []byte(q))
			if err != nil {
				answer, _ = json.Marshal(map[string]string{"error": err.Error()})
			}
			if want := fmt.Sprintf("%x", sha256.Sum256(answer)); got.Sums[i] != want {
				text, err := chromedp.Run(e.page, chromedp.Evaluate[string](fmt.Sprintf(`ask(%s)`, mustJSON(t, q)), chromedp.EvalAwaitPromise))
				at := 0
				for at < min(len(text), len(answer)) && text[at] == answer[at] {
					at++
				}
				from := max(0, at-200)
				t.Fatalf("%s: is the engine that of these sources (go generate ./web)? From byte %d on the browser answers\n%.400s (%v)\nthis program\n%.400s", kind, from, text[min(from, len(text)):], err, answer[from:])
			}
		}
	}
	return took
}
