package doctor

import (
	"fmt"
	"strings"

	"firstspike/encode"
)

// dataRules look at images and labels.
var dataRules = []rule{{
	cause: "images-blank",
	measures: func(p patient) []Measure {
		return []Measure{{"images of one grey only, %", 100 * p.x.Data.Blank, "0"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Text: "Many images have nothing on them: all their pixels are equal. Look at the files, and at how they were made."},
			p.x.Data.Blank > 0.05
	},
}, {
	cause: "images-inverted",
	measures: func(p patient) []Measure {
		return []Measure{{"mean pixel at the edge, 0 to 255", p.x.Data.Border, "near 0"}, {"mean pixel", p.x.Data.Mean, "below 127"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Invert: true,
				Text: "The images are dark on light. The network takes 0 for nothing there, so the paper spikes, and its edge most of all. Write the images as 255 minus each pixel."},
			p.x.Data.Border > 127
	},
}, {
	cause: "one-class",
	measures: func(p patient) []Measure {
		return []Measure{{"classes with images", float64(present(p.x.Data.Classes)), fmt.Sprint(len(p.x.Data.Classes))}}
	},
	find: func(p patient) (Finding, bool) {
		have, all := present(p.x.Data.Classes), len(p.x.Data.Classes)
		if have == all {
			return Finding{}, false
		}
		f := Finding{Severity: Look, Text: fmt.Sprintf("There are no images of class %s, which the network is to tell from the others.", missing(p.x.Data.Classes))}
		if have == 1 && all > 1 {
			f.Severity, f.Text = Grave, "All images are of one class. There is nothing to tell apart, and a network that always gives this answer is always right."
		}
		if present(p.x.Data.Whole) > have {
			f.Text += " The data have more classes: data.limit takes only the first images."
			f.Change = []Setting{{"data.limit", "0"}}
		}
		return f, true
	},
}}

func present(classes []int) int {
	n := 0
	for _, images := range classes {
		if images > 0 {
			n++
		}
	}
	return n
}

// missing lists the classes without images.
func missing(classes []int) string {
	var list []string
	for class, images := range classes {
		if images == 0 {
			list = append(list, fmt.Sprint(class))
		}
	}
	return strings.Join(list, ", ")
}

// Shares of the inputs that fire. Every image should give a layer something to
// tell apart, and leave silent what is not there.
const (
	fewInputs  = 0.05
	someInputs = 0.15
	goodInputs = 0.2
	manyInputs = 0.35
)

// encodeRules look at how images become spikes.
var encodeRules = []rule{{
	cause: "encode-pad-small",
	measures: func(p patient) []Measure {
		return []Measure{{"brightness where no filter is centred, %", 100 * p.x.Input.Missed, "0"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Change: centred(p.x.experiment.Encode),
			Text: "The padding is smaller than the filters need, so the margin of the images is lost, and there is something on it. Pad by half a filter."}, p.x.Input.Missed > 0.05
	},
}, {
	cause: "encode-pad-large",
	measures: func(p patient) []Measure {
		return []Measure{{"places beside the image, %", 100 * p.x.Input.Outside, "0"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Change: centred(p.x.experiment.Encode),
				Text: "Most of what the encoding gives away is padding, where nothing ever fires; the picture itself becomes small, and layers behind pooling see little of it. Pad by half a filter."},
			p.x.Input.Outside > 0.5
	},
}, {
	cause:  "encode-threshold-high",
	spikes: true,
	measures: func(p patient) []Measure {
		in := p.x.Input
		return []Measure{
			{"input spikes of an image", in.Spikes, fmt.Sprintf("%s to %s", number(someInputs*float64(in.Neurons)), number(manyInputs*float64(in.Neurons)))},
			{"images without a spike, %", 100 * in.Silent, "0"},
			{"responses above the threshold, %", 100 * in.above(p.x.experiment.Encode.Threshold), "20 to 100"},
		}
	},
	find: func(p patient) (Finding, bool) {
		in, now := p.x.Input, p.x.experiment.Encode.Threshold
		low, good, high := in.threshold(manyInputs), in.threshold(goodInputs), in.threshold(someInputs)
		if in.Spikes >= fewInputs*float64(in.Neurons) && in.Silent <= 0.05 || now <= good {
			return Finding{}, false
		}
		return Finding{Severity: Grave, Range: []float64{low, high}, Change: []Setting{{"encode.threshold", number(good)}},
			Text: fmt.Sprintf("Too few inputs fire: the threshold of the encoding, %s, cuts nearly all that the filters answer. By what they answer to these images, %s to %s is sensible.", number(now), number(low), number(high))}, true
	},
}, {
	cause:  "input-sparse",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"input spikes of an image", p.x.Input.Spikes, "5 % of the inputs and more"}, {"images without a spike, %", 100 * p.x.Input.Silent, "0"}}
	},
	find: func(p patient) (Finding, bool) {
		in := p.x.Input
		return Finding{Severity: Grave, Text: "Too few inputs fire, and the threshold of the encoding is not the reason: the images have too little contrast, or the filters do not suit them."},
			(in.Spikes < fewInputs*float64(in.Neurons)/5 || in.Silent > 0.05) && p.x.experiment.Encode.Threshold <= in.threshold(goodInputs)
	},
}, {
	cause:  "encode-threshold-low",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"inputs that fire, %", 100 * p.x.Input.Spikes / float64(p.x.Input.Neurons), "15 to 35"}}
	},
	find: func(p patient) (Finding, bool) {
		in := p.x.Input
		good := in.threshold(goodInputs)
		return Finding{Severity: Look, Range: []float64{in.threshold(manyInputs), in.threshold(someInputs)}, Change: []Setting{{"encode.threshold", number(good)}},
			Text: "Most inputs fire, the faintest too: noise spikes like strokes do."}, in.Spikes > 0.55*float64(in.Neurons)
	},
}, {
	cause: "steps-few",
	measures: func(p patient) []Measure {
		return []Measure{{"steps", float64(p.x.experiment.Encode.Steps), "10 to 30"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Look, Change: []Setting{{"encode.steps", "15"}},
			Text: "There are hardly any steps, so that spikes do not come earlier or later, and the earliest spike tells nothing."}, p.x.experiment.Encode.Steps < 4
	},
}}

// centred is the padding with which a filter stands on every pixel.
func centred(c encode.Config) []Setting {
	size := 0
	for _, f := range c.Filters {
		size = max(size, f.Size)
	}
	return []Setting{{"encode.pad", fmt.Sprint((size - 1) / 2)}}
}

// above is the share of the responses above 0 that a threshold lets pass.
func (p Input) above(threshold float64) float64 {
	n := 0
	for _, v := range p.responses {
		if v >= threshold {
			n++
		}
	}
	return ratio(n, len(p.responses))
}

// threshold is the threshold at which a share of all inputs fires, or 0 if it
// takes none.
func (p Input) threshold(share float64) float64 {
	n := int(share * float64(p.outputs))
	if n >= len(p.responses) {
		return 0
	}
	return p.responses[len(p.responses)-1-n]
}
