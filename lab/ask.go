package lab

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"firstspike/dataset"
	"firstspike/inspect"
	"firstspike/train"
)

// A Question asks several things of a network at once, in a state that the
// question itself describes: so that who answers need not remember who asks.
// It goes through JSON as it is.
type Question struct {
	// Ask names what to answer: "network", "settings", "sheet", "image", "decide",
	// "road", "contrasts", "neuron", "map", "why", "teach", "learn". All but the
	// first three, "map" and "learn" are about the image that Pixels are, or that
	// Canvas or File become.
	Ask []string `json:"ask"`

	// The state of the network: see [Lab.Assume].
	Settings map[string]string `json:"settings,omitempty"`
	Lessons  []Lesson          `json:"lessons,omitempty"`

	Pixels []byte  `json:"pixels,omitempty"` // of an image of the network's own size; in JSON in base64
	Canvas *Canvas `json:"canvas,omitempty"` // or a canvas that was drawn on
	File   []byte  `json:"file,omitempty"`   // or the contents of a file: see [Lab.Picture]
	Name   string  `json:"name,omitempty"`   // of the file, for errors

	Layer string `json:"layer,omitempty"` // of "neuron", "map" and "sheet"
	Map   int    `json:"map,omitempty"`   // of "neuron" and "map"
	Row   int    `json:"row,omitempty"`   // of "neuron"
	Col   int    `json:"col,omitempty"`
	Label int    `json:"label,omitempty"` // of "teach"

	Untrained bool   `json:"untrained,omitempty"` // "map" and "sheet" are about the network before any training
	Learn     *Learn `json:"learn,omitempty"`     // of "learn"
}

// A Canvas is what somebody has drawn, of any size.
type Canvas struct {
	Rows   int    `json:"rows"`
	Cols   int    `json:"cols"`
	Pixels []byte `json:"pixels"` // row by row, 0 to 255, light on dark
}

// A Lesson is one call of [Lab.Teach], and the settings with which it was given.
type Lesson struct {
	Pixels   []byte            `json:"pixels"`
	Label    int               `json:"label"`
	Settings map[string]string `json:"settings,omitempty"`
}

func (a Lesson) equal(b Lesson) bool {
	return a.Label == b.Label && slices.Equal(a.Pixels, b.Pixels) && maps.Equal(a.Settings, b.Settings)
}

// An Answer has what a [Question] asked for; all else is nil.
type Answer struct {
	Network   *Network   `json:"network,omitempty"`
	Settings  []Setting  `json:"settings,omitempty"`
	Sheet     *Sheet     `json:"sheet,omitempty"`
	Image     *Image     `json:"image,omitempty"`
	Decision  *Decision  `json:"decision,omitempty"`
	Road      *Road      `json:"road,omitempty"`
	Contrasts *Contrasts `json:"contrasts,omitempty"`
	Neuron    *Neuron    `json:"neuron,omitempty"`
	Kernel    *Kernel    `json:"kernel,omitempty"`
	Feature   *Feature   `json:"feature,omitempty"`
	Why       *Why       `json:"why,omitempty"`
	Change    *Change    `json:"change,omitempty"`
	Learned   *Learned   `json:"learned,omitempty"`
}

// A Sheet is what all maps of a layer look for, in pixels.
type Sheet struct {
	Layer string `json:"layer"`
	Maps  int    `json:"maps"`
	Rows  int    `json:"rows"`
	Cols  int    `json:"cols"`

	// Values are maps x rows x cols bytes: 128 is nothing, 255 light, 1 dark; of
	// inspect.Features, times 127.
	Values []byte `json:"values"`
}

// Sheet is what all maps of a layer look for. It takes as long as hundreds of
// decisions.
func (l *Lab) Sheet(layer string) (Sheet, error) {
	depth, err := l.depth(layer)
	if err != nil {
		return Sheet{}, err
	}
	return sheet(l.model, depth)
}

// sheet is what all maps of a model's layer look for.
func sheet(m *train.Model, depth int) (Sheet, error) {
	features, err := inspect.Features(m, depth)
	if err != nil {
		return Sheet{}, err
	}
	s := Sheet{Layer: m.Network.Layers[depth].Name, Maps: len(features), Rows: features[0].Rows, Cols: features[0].Cols}
	for _, f := range features {
		for _, v := range f.Values {
			s.Values = append(s.Values, byte(128+math.Round(127*float64(v))))
		}
	}
	return s, nil
}

// Limits of a question.
const (
	MostLessons = 64
	mostAsked   = 12
)

// Assume brings the network into a state: as it came, with some settings, and
// after some lessons, each of which was given with settings of its own. What is
// the same as in the state before is not done again. On an error the network is
// in no particular state, and the next call finds its way from there.
func (l *Lab) Assume(settings map[string]string, lessons []Lesson) error {
	if len(lessons) > MostLessons {
		return fmt.Errorf("%d lessons; a network can be taught %d, then train it", len(lessons), MostLessons)
	}
	if len(l.given) != len(l.lessons) { // it was taught in another way
		for l.Undo() {
		}
		l.given = nil
	}
	same := 0
	for same < min(len(l.given), len(lessons)) && l.given[same].equal(lessons[same]) {
		same++
	}
	for range len(l.given) - same {
		l.Undo()
	}
	l.given = l.given[:same]
	for _, lesson := range lessons[same:] {
		if err := l.assume(lesson.Settings); err != nil {
			return err
		}
		if _, err := l.Teach(lesson.Pixels, lesson.Label); err != nil {
			return err
		}
		l.given = append(l.given, lesson)
	}
	return l.assume(settings)
}

// assume sets all settings as they came but for the given ones.
func (l *Lab) assume(settings map[string]string) error {
	if l.assumed != nil && maps.Equal(l.assumed, settings) {
		return nil
	}
	e := l.came.Clone()
	for _, path := range slices.Sorted(maps.Keys(settings)) {
		if err := l.set(&e, path, settings[path]).Err(); err != nil {
			return err
		}
	}
	if err := l.become(e).Err(); err != nil {
		return err
	}
	l.assumed = map[string]string{}
	maps.Copy(l.assumed, settings)
	return nil
}

// Answer answers a question.
func (l *Lab) Answer(q Question) (a Answer, err error) {
	if len(q.Ask) > mostAsked {
		return a, fmt.Errorf("%d things are asked; ask %d at a time", len(q.Ask), mostAsked)
	}
	if err := l.Assume(q.Settings, q.Lessons); err != nil {
		return a, err
	}
	pixels := q.Pixels
	if q.Canvas != nil || q.File != nil {
		var im Image
		if q.Canvas != nil {
			im, err = l.Image(dataset.Grey{Rows: q.Canvas.Rows, Cols: q.Canvas.Cols, Pixels: q.Canvas.Pixels, Polarity: dataset.LightOnDark})
		} else {
			im, err = l.Picture(q.Name, q.File)
		}
		if err != nil {
			return a, err
		}
		a.Image, pixels = &im, im.Pixels
	}
	for _, ask := range q.Ask {
		if err := l.answer(&a, q, ask, pixels); err != nil {
			return Answer{}, err
		}
	}
	return a, nil
}

// answer answers one of the things that are asked.
func (l *Lab) answer(a *Answer, q Question, ask string, pixels []byte) error {
	of, err := l.asked(q)
	if err != nil {
		return err
	}
	switch ask {
	case "network":
		n := l.Network()
		a.Network = &n
	case "settings":
		a.Settings = l.Settings()
	case "sheet":
		a.Sheet, err = kept(of.Sheet(q.Layer))
	case "image":
		if a.Image == nil {
			return errors.New("there is no canvas and no file of which an image could be made")
		}
	case "decide":
		a.Decision, err = kept(l.Decide(pixels))
	case "road":
		a.Road, err = kept(l.Road(pixels))
	case "contrasts":
		a.Contrasts, err = kept(l.Contrasts(pixels))
	case "neuron":
		a.Neuron, err = kept(l.Neuron(pixels, q.Layer, q.Map, q.Row, q.Col))
	case "map":
		kernel, feature, fault := of.Map(q.Layer, q.Map)
		a.Kernel, a.Feature, err = &kernel, &feature, fault
	case "why":
		a.Why, err = kept(l.Why(pixels))
	case "teach":
		if len(l.lessons) >= MostLessons {
			return fmt.Errorf("the network has been taught %d times; undo some, or train it", MostLessons)
		}
		a.Change, err = kept(l.Teach(pixels, q.Label))
		if err == nil {
			l.given = append(l.given, Lesson{slices.Clone(pixels), q.Label, maps.Clone(q.Settings)})
		}
	case "learn":
		if q.Learn == nil {
			return errors.New("nothing says which layer is to learn, and from which images: give both as learn")
		}
		a.Learned, err = kept(l.Learn(*q.Learn))
	default:
		return fmt.Errorf("nothing known is asked by %q", ask)
	}
	return err
}

// kept is an answer where it can be pointed at.
func kept[T any](v T, err error) (*T, error) { return &v, err }
