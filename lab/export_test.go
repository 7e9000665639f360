package lab

// Weights are those of the last layer.
func (l *Lab) Weights() []float32 { return l.model.Network.Layers[l.last()].Weights() }
