package event

// NMNIST is a camera, and its motion, that was fitted to N-MNIST: to the
// recordings of MNIST's training images 1 to 250 (files 00001.bin to
// 00250.bin), by coordinate descent on how far the number of events of each
// recording, its spread over time, over pixels, and over intervals between the
// events of a pixel were from those of the same digit recorded by the real
// camera. Path begins, and turns, where regression of the events on the
// digits' gradients placed the digits in steps of five milliseconds; the rate
// of Leak and the hot pixel were read off pixels that no digit reaches.
//
// Orchard et al. (2015) moved the camera along a triangle, in three saccades
// that begin at 0, 105 and 210 milliseconds. This path is where the digits were
// seen, which lags behind.
func NMNIST() Camera {
	return Camera{
		Rows: 34, Cols: 34,
		Path: Path{
			{-1000, -574, -498}, {9000, -574, -420}, {24400, -706, -287}, {35000, -626, -37}, {45000, -706, 307}, {55000, -629, 614},
			{65000, -441, 774}, {73000, -318, 856}, {85000, -293, 896}, {103000, -256, 896}, {117000, -194, 856}, {129600, -91, 850},
			{136000, 37, 742}, {145000, 205, 486}, {155000, 313, 179}, {164000, 449, -97}, {173000, 552, -256}, {183000, 563, -358},
			{193000, 614, -364}, {212000, 717, -396}, {227000, 677, -476}, {235000, 589, -404}, {245000, 358, -384}, {255000, 117, -404},
			{265000, -154, -435}, {275000, -373, -421}, {285000, -486, -486}, {294000, -563, -466}, {303000, -574, -486},
		},
		Duration: 312000,
		Dark:     0.2205,
		Blur:     4,
		On:       0.2868, Off: 0.2547,
		Mismatch:   0.03,
		Lag:        1012,
		Refractory: 363, Spread: 29,
		Jitter: 481,
		Leak:   0.3,
		Hot:    []Hot{{X: 18, Y: 30, Rate: 50}},
	}
}
