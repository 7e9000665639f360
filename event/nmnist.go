package event

// NMNIST is a camera, and its motion, that was fitted to N-MNIST: to the
// recordings of MNIST's training images 1 to 250 (files 00001.bin to
// 00250.bin), by coordinate descent on how far the number of events of each
// recording, its spread over time, over pixels, and over intervals between the
// events of a pixel were from those of the same digit recorded by the real
// camera. Path begins, and turns, where regression of the events on the
// digits' gradients placed the digits in steps of five milliseconds; the rate
// of Leak and the hot pixel were read off pixels that no digit reaches, and
// Mismatch off the events of neighbouring pixels, in 1,000 recordings.
//
// The digits are dark on a light ground here, other than in MNIST: in N-MNIST a
// pixel becomes darker where a stroke comes, and brighter where it goes.
//
// Orchard et al. (2015) moved the camera along a triangle, in three saccades
// that begin at 0, 105 and 210 milliseconds. This path is where the digits were
// seen, which lags behind.
func NMNIST() Camera {
	return Camera{
		Rows: 34, Cols: 34,
		Path: Path{
			{-3000, -634, -498}, {9000, -574, -420}, {24400, -706, -247}, {35000, -626, -37}, {45000, -706, 307}, {55000, -609, 614},
			{65000, -421, 774}, {73000, -318, 856}, {84400, -313, 896}, {101600, -256, 856}, {118000, -194, 856}, {128600, -91, 830},
			{136000, 57, 742}, {145000, 205, 466}, {155000, 353, 179}, {164000, 449, -97}, {171000, 512, -256}, {181000, 563, -358},
			{195000, 614, -404}, {212000, 717, -436}, {227000, 677, -476}, {237000, 509, -364}, {245000, 358, -424}, {255000, 117, -384},
			{265000, -154, -435}, {275000, -373, -401}, {287000, -486, -486}, {296000, -563, -466}, {304000, -534, -486},
		},
		Duration: 315000,
		Negative: true,
		Dark:     0.35,
		Blur:     6,
		On:       0.198, Off: 0.1871,
		Mismatch:   0.08,
		Lag:        1623,
		Refractory: 163, Spread: 179,
		Jitter: 211,
		Leak:   0.35,
		Hot:    []Hot{{X: 18, Y: 30, Rate: 48}},
	}
}
