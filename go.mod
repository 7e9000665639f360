module firstspike

go 1.26

require (
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/nlpodyssey/safetensors v0.0.0-20250209183917-bfb01cc25f7c // indirect
	pgregory.net/rapid v1.3.0 // indirect
)
