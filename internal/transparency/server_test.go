// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package transparency_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/bearerkit/bearerkit/connectauth"
	"github.com/bearerkit/bearerkit/grpcauth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // the suite compresses
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// serverVariable makes the test binary a server under test.
const serverVariable = "BEARERKIT_TRANSPARENCY_SERVER"

func TestMain(m *testing.M) {
	settings, ok := os.LookupEnv(serverVariable)
	if !ok {
		panicOnFatal()
		os.Exit(m.Run())
	}
	if err := runServer(settings); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// library is what a server under test is made with.
type library string

const (
	connectGo   library = "connect-go"
	grpcGo      library = "grpc-go"
	grpcNetHTTP library = "grpc-go behind net/http"
)

// serverSettings are the value of serverVariable.
type serverSettings struct {
	Library library
	Mode    mode
	Schema  string // file
	Record  string // file
}

// server is what the suite starts and stops.
type server interface {
	Serve(net.Listener) error
	Close() error
}

// runServer is a server under test: it reads from stdin what it has to be, writes
// to stdout where it is, and serves until it is told to end.
func runServer(settings string) error {
	var s serverSettings
	if err := json.Unmarshal([]byte(settings), &s); err != nil {
		return err
	}
	schema, err := loadSchema(s.Schema)
	if err != nil {
		return err
	}
	request := schema.message("ServerCompatRequest")
	if err := readMessage(os.Stdin, request); err != nil {
		return err
	}
	tlsConfig, certificate, err := serverTLS(request)
	if err != nil {
		return err
	}
	var procedures []string
	for _, m := range schema.methods() {
		procedures = append(procedures, procedure(m))
	}
	p, err := protect(s.Mode, procedures...)
	if err != nil {
		return err
	}
	defer p.close()
	records, err := newRecorder(s.Record)
	if err != nil {
		return err
	}
	limit := int(get(request, "message_receive_limit").Uint())
	http1 := get(request, "http_version").Enum() == 1
	var under server
	switch s.Library {
	case connectGo:
		handler := withToken(newConnectHandler(schema.methods(), p, limit), p.token)
		under = newHTTPServer(records.around(handler), tlsConfig, http1)
	case grpcGo:
		under = grpcServer{newGRPCServer(schema.methods(), p, tlsConfig, limit)}
	case grpcNetHTTP:
		handler := newGRPCServer(schema.methods(), p, nil, limit)
		under = newHTTPServer(records.around(handler), tlsConfig, http1)
	default:
		return fmt.Errorf("there is no server for %q", s.Library)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- under.Serve(l) }()
	response := schema.message("ServerCompatResponse")
	set(response, "host", protoreflect.ValueOfString("127.0.0.1"))
	set(response, "port", protoreflect.ValueOfUint32(uint32(l.Addr().(*net.TCPAddr).Port)))
	set(response, "pem_cert", protoreflect.ValueOfBytes(certificate))
	if err := writeMessage(os.Stdout, response); err != nil {
		return err
	}
	select {
	case err := <-served:
		return fmt.Errorf("the server ended by itself: %w", err)
	case <-ctx.Done():
		err := under.Close()
		if ended := <-served; ended != nil && !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	}
}

type httpServer struct{ http.Server }

func (s *httpServer) Serve(l net.Listener) error {
	if s.TLSConfig != nil {
		return s.ServeTLS(l, "", "")
	}
	return s.Server.Serve(l)
}

func newHTTPServer(handler http.Handler, tlsConfig *tls.Config, http1 bool) server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(http1)
	protocols.SetHTTP2(!http1)
	protocols.SetUnencryptedHTTP2(!http1)
	return &httpServer{http.Server{
		Handler: handler, TLSConfig: tlsConfig, Protocols: protocols,
		ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
	}}
}

func newConnectHandler(methods []protoreflect.MethodDescriptor, p *protection, limit int) http.Handler {
	options := []connect.HandlerOption{connect.WithReadMaxBytes(limit)}
	if p.guard == nil {
		return connectHandler(methods, p.check, options...)
	}
	options = append(options, connectauth.HandlerOptions(p.guard))
	return p.middleware()(connectHandler(methods, p.check, options...))
}

type grpcServer struct{ *grpc.Server }

func (s grpcServer) Close() error {
	s.Stop()
	return nil
}

func newGRPCServer(methods []protoreflect.MethodDescriptor, p *protection, tlsConfig *tls.Config, limit int) *grpc.Server {
	options := []grpc.ServerOption{grpc.MaxRecvMsgSize(limit)}
	if tlsConfig != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(tlsConfig)))
	}
	if p.guard == nil {
		s := grpc.NewServer(options...)
		registerGRPC(s, methods, p.check)
		return s
	}
	s := grpc.NewServer(slices.Concat(options, []grpc.ServerOption{tokenStream(p.token)}, p.serverOptions())...)
	registerGRPC(grpcauth.Registrar(tokenServer{s, p.token}, p.guard), methods, p.check)
	return s
}

// serverTLS returns what the suite asks for, and the certificate as PEM, or
// nothing for cleartext.
func serverTLS(request protoreflect.Message) (*tls.Config, []byte, error) {
	if !has(request, "use_tls") {
		return nil, nil, nil
	}
	creds := get(request, "server_creds").Message()
	certificate := get(creds, "cert").Bytes()
	pair, err := tls.X509KeyPair(certificate, get(creds, "key").Bytes())
	if err != nil {
		return nil, nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if client := get(request, "client_tls_cert").Bytes(); len(client) > 0 {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(client) {
			return nil, nil, errors.New("no certificate of the client in the request")
		}
	}
	return c, certificate, nil
}

// readMessage and writeMessage are the suite's framing: four bytes of length,
// the highest first, and the message.
func readMessage(r io.Reader, m proto.Message) error {
	var length uint32
	if err := binary.Read(r, binary.BigEndian, &length); err != nil {
		return err
	}
	encoded := make([]byte, length)
	if _, err := io.ReadFull(r, encoded); err != nil {
		return err
	}
	return proto.Unmarshal(encoded, m)
}

func writeMessage(w io.Writer, m proto.Message) error {
	encoded, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(encoded))), encoded...))
	return err
}
