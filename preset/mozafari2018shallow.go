package preset

import (
	"fmt"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// mozafari2018shallow is the network for photographs of
//
//	M. Mozafari, S. R. Kheradpisheh, T. Masquelier, A. Nowzari-Dalini,
//	M. Ganjtabesh: First-spike-based visual categorization using
//	reward-modulated STDP. IEEE Transactions on Neural Networks and Learning
//	Systems 29 (2018); arXiv:1705.09132 (2017).
//
// in the form and with the numbers of its first author's reimplementation
// (SpykeTorch, MozafariShallow), for faces and motorbikes of Caltech-101. Edges of
// four orientations are pooled; one layer, whose maps stand for classes, decides
// by its first spike and learns by reward.
//
// Departures that are ours: 74 of the 474 training pictures are held out to
// choose the epoch, and all pictures are brought to one size, which the code
// expects them to have.
func mozafari2018shallow() Preset {
	p := firstSpike(form{
		name: "mozafari2018shallow", pool: encode.Pool{Window: 7, Stride: 6, Pad: 3}, classes: 2, kernel: 17, threshold: 42,
		reward: rates{0.005, -0.0025}, punish: rates{-0.005, 0.0005}, dropout: 0.5, epochs: 400, learn: 400,
	})
	e := &p.Experiment
	e.Data.Source, e.Data.Rows, e.Data.Cols = "caltech-face-motor", 160, 250
	e.Protocol.Validation = 74
	p.About = "faces and motorbikes, photographs of one's own: a first spike decides, and reward alone teaches"
	p.Wants = "a folder with the folders train and test, and in each a folder of pictures for each class, such as Faces and Motorbikes of Caltech-101"
	p.Reported = "98.9 % on faces and motorbikes of Caltech-101 (paper; 97.2 % with STDP in place of reward)"
	p.Results = []Result{{98.9, 0, "the paper", "its split is not known here"}}
	p.Sources["protocol"] = "our choice: the code learns from all training pictures, and tells the best epoch on the test (--protocol paper)"
	return p
}

// mozafari2018eth80 is the same for the objects of ETH-80, eight classes of ten
// objects with 41 views each. Of every class one object is held out for the
// test, as in the code, and another to choose the epoch, which is ours.
func mozafari2018eth80() Preset {
	p := firstSpike(form{
		name: "mozafari2018eth80", pool: encode.Pool{Window: 5, Stride: 4, Pad: 2}, classes: 8, kernel: 31, threshold: 160,
		reward: rates{0.01, -0.0035}, punish: rates{-0.01, 0.0006}, dropout: 0.4, epochs: 250, learn: 8 * 8 * 41,
	})
	e := &p.Experiment
	e.Data.Source, e.Data.Rows, e.Data.Cols = "eth80", 128, 128
	e.Data.Test, e.Data.Group = 0.1, "^([a-z]+[0-9]+)-"
	e.Protocol.Validation = 8 * 41
	p.About = "objects from all sides, photographs of one's own: the same, tested on objects that it has not seen"
	p.Wants = "a folder with a folder of pictures for each class of ETH-80, the pictures called as they are there, such as dog3-045-180.png"
	p.Reported = "89.5 % on ETH-80, eight classes (paper)"
	p.Results = []Result{{89.5, 0, "the paper", "its split is not known here; its code tests on one object of every class"}}
	p.Sources["data.test"] = "published code: one object of ten"
	p.Sources["data.group"] = "the names of ETH-80's pictures"
	p.Sources["protocol"] = "our choice: the code learns from nine objects of every class, and tells the best epoch on the test (--protocol paper)"
	return p
}

// A form is what differs between the tasks of the paper.
type form struct {
	name           string
	pool           encode.Pool
	classes        int
	kernel         int
	threshold      float64
	reward, punish rates
	dropout        float64
	epochs, learn  int // of so many images
}

type rates struct{ plus, minus float64 }

// firstSpike is what the tasks of the paper have in common.
func firstSpike(f form) Preset {
	const (
		paper = "paper (arXiv:1705.09132)"
		code  = "published code (SpykeTorch aa302c7, MozafariShallow.py)"
		ours  = "our choice"
	)
	e := train.Experiment{
		Name:     f.name,
		Paper:    "Mozafari et al., First-spike-based visual categorization using reward-modulated STDP, IEEE TNNLS 29 (2018), arXiv:1705.09132",
		Seed:     1,
		Data:     train.Data{Classes: f.classes, Fit: dataset.Stretch},
		Protocol: train.Protocol{Kind: train.ProtocolValidation},
		Readout:  train.Readout{Rule: train.ReadoutBlocks},
		Encode: encode.Config{
			Steps: 15, Threshold: -1e6, Abs: true, Pool: f.pool, Lateral: []float64{0.15, 0.12, 0.1, 0.07, 0.05}, Pointwise: true,
		},
		Layers: []train.Layer{{
			Name: "s2", Maps: 10 * f.classes, Kernel: snn.Size{Rows: f.kernel, Cols: f.kernel}, Stride: 1,
			Threshold: f.threshold, Fires: snn.Above, Weights: train.Normal{Mean: 0.8, Std: 0.05},
			Learn: train.Learn{
				Rule: train.RuleRSTDP, Epochs: f.epochs, Shuffle: true, K: 1, Dropout: f.dropout,
				APlus: f.reward.plus, AMinus: f.reward.minus, Stabiliser: true, Lower: 0, Upper: 1,
				Punish: train.Punish{APlus: f.punish.plus, AMinus: f.punish.minus, Adapt: f.learn, Least: 0.2},
			},
		}},
	}
	for i := range 4 {
		e.Encode.Filters = append(e.Encode.Filters, encode.Filter{Kind: "gabor", Size: 5, Orientation: 67.5 + 45*float64(i), Div: 4})
	}
	return Preset{
		Experiment: e,
		Sources: map[string]string{
			"data":                         ours,
			"data.rows":                    ours + ": the code takes pictures that have one size already",
			"data.cols":                    ours + ": the code takes pictures that have one size already",
			"data.classes":                 paper,
			"readout":                      code,
			"encode":                       code,
			"encode.threshold":             code + ": none, so below every response",
			"layers.s2":                    code,
			"layers.s2.learn.punish.adapt": code + fmt.Sprintf(": after every epoch, which has %d images here", f.learn),
			"seed":                         ours,
		},
	}
}
