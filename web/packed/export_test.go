package packed

var (
	Pack   = pack
	Unpack = unpack
)
