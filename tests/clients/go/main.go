// go run . ADDRESS TLS_FOLDER DESCRIPTOR_SET: what a stock Go client can do with photond, over mutual TLS, with nothing
// but the descriptor set (no generated code). Ends with "N passed, N failed".
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const (
	service     = "muon.v1.PhotonService"
	callTime    = 30 * time.Second
	largeEvents = 100
	largeBytes  = 200 * 1024
)

type client struct {
	conn  *grpc.ClientConn
	files *protoregistry.Files
}

func connect(address, folder, descriptors string) (*client, error) {
	data, err := os.ReadFile(descriptors)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(data, set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "client.crt"), filepath.Join(folder, "client.key"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	creds := credentials.NewTLS(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}})
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds))
	return &client{conn, files}, err
}

// message makes a message from its text form.
func (c *client) message(name, text string) proto.Message {
	found, err := c.files.FindDescriptorByName(protoreflect.FullName("muon.v1." + name))
	if err != nil {
		panic(err)
	}
	made := dynamicpb.NewMessage(found.(protoreflect.MessageDescriptor))
	if err := prototext.Unmarshal([]byte(text), made); err != nil {
		panic(err)
	}
	return made
}

func (c *client) emit(stream, payload string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	request := c.message("EmitRequest",
		fmt.Sprintf(`event { stream_name: "%s" event_type: "Noted" payload: "%s" }`, stream, payload))
	return c.conn.Invoke(ctx, "/"+service+"/Emit", request, c.message("EmitResponse", ""))
}

// subscribe begins a cold subscription; nothing of it is read before count is called with it.
func (c *client) subscribe(ctx context.Context, stream string) (grpc.ClientStream, error) {
	call, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/"+service+"/Subscribe")
	if err != nil {
		return nil, err
	}
	request := c.message("SubscribeRequest", fmt.Sprintf(`stream_name: "%s" stream_type: STREAM_TYPE_COLD`, stream))
	if err := call.SendMsg(request); err != nil {
		return nil, err
	}
	return call, call.CloseSend()
}

// count reads a subscription to its end.
func (c *client) count(call grpc.ClientStream) (int, error) {
	total := 0
	for {
		answer := c.message("SubscribeResponse", "")
		if err := call.RecvMsg(answer); errors.Is(err, io.EOF) {
			return total, nil
		} else if err != nil {
			return total, err
		}
		reflected := answer.ProtoReflect()
		total += reflected.Get(reflected.Descriptor().Fields().ByName("event")).List().Len()
	}
}

func (c *client) emitAndReplay(ctx context.Context) error {
	for i := 0; i < 3; i++ {
		if err := c.emit("go/one", "{}"); err != nil {
			return err
		}
	}
	return c.expect(ctx, "go/one", 3)
}

func (c *client) expect(ctx context.Context, stream string, want int) error {
	call, err := c.subscribe(ctx, stream)
	if err != nil {
		return err
	}
	if got, err := c.count(call); err != nil || got != want {
		return fmt.Errorf("%s: %d events instead of %d (%v)", stream, got, want, err)
	}
	return nil
}

// semantics 15
func (c *client) stalledSubscription(ctx context.Context) error {
	large := strings.Repeat("x", largeBytes)
	for i := 0; i < largeEvents; i++ {
		if err := c.emit("go/large", large); err != nil {
			return err
		}
	}
	stalled, err := c.subscribe(ctx, "go/large")
	if err != nil {
		return err
	}
	for i := 0; i < 200; i++ {
		if err := c.emit("go/busy", "{}"); err != nil {
			return fmt.Errorf("emit %d beside a stalled subscription: %w", i, err)
		}
	}
	if err := c.expect(ctx, "go/busy", 200); err != nil {
		return err
	}
	if got, err := c.count(stalled); err != nil || got != largeEvents {
		return fmt.Errorf("the stalled subscription gave %d events (%v)", got, err)
	}
	return nil
}

func main() {
	c, err := connect(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Println("FAIL  go: connect:", err)
		os.Exit(1)
	}
	tests := []struct {
		name string
		run  func(context.Context) error
	}{
		{"emits and replays", c.emitAndReplay},
		{"a stalled subscription does not stall the other calls of its connection", c.stalledSubscription},
	}
	failed := 0
	for _, test := range tests {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		if err := test.run(ctx); err != nil {
			failed++
			fmt.Printf("FAIL  go: %s\n%v\n", test.name, err)
		} else {
			fmt.Printf("ok    go: %s\n", test.name)
		}
		cancel()
	}
	fmt.Printf("%d passed, %d failed\n", len(tests)-failed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
