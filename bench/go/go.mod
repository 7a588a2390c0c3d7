module klamm.dev/bench

go 1.26

require (
	go.temporal.io/api v1.63.5
	go.temporal.io/sdk v1.44.0
	google.golang.org/grpc v1.83.2
	google.golang.org/protobuf v1.36.11
)
