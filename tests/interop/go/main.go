// Sends the spans of one trace with the OpenTelemetry SDK for Go and prints the trace's id.
//
//	exporter grpc|http HOST:PORT SPANS MILLISECONDS_BETWEEN_THEM
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

const timeout = 60 * time.Second

func newExporter(ctx context.Context, protocol, endpoint string) (*otlptrace.Exporter, error) {
	if protocol == "grpc" {
		return otlptracegrpc.New(ctx,
			otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure(),
			otlptracegrpc.WithCompressor("gzip"), otlptracegrpc.WithTimeout(timeout))
	}
	return otlptracehttp.New(ctx,
		otlptracehttp.WithEndpoint(endpoint), otlptracehttp.WithInsecure(),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithTimeout(timeout))
}

// resending sends again what the exporter gave up. otlptracehttp 1.47 tries an answer again
// that says so, but not a connection that is refused while nobody listens.
type resending struct{ trace.SpanExporter }

func (r resending) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	for {
		err := r.SpanExporter.ExportSpans(ctx, spans)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(500 * time.Millisecond)
	}
}

func main() {
	ctx := context.Background()
	protocol, endpoint := os.Args[1], os.Args[2]
	spans, _ := strconv.Atoi(os.Args[3])
	pause, _ := strconv.Atoi(os.Args[4])

	plain, err := newExporter(ctx, protocol, endpoint)
	if err != nil {
		log.Fatal(err)
	}
	var exporter trace.SpanExporter = plain
	if protocol == "http" {
		exporter = resending{plain}
	}
	provider := trace.NewTracerProvider(
		trace.WithBatcher(exporter,
			trace.WithBatchTimeout(200*time.Millisecond), trace.WithExportTimeout(timeout)),
		trace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "go over "+protocol))))
	tracer := provider.Tracer("interop")

	parent, root := tracer.Start(ctx, "span 1")
	for number := 2; number <= spans; number++ {
		time.Sleep(time.Duration(pause) * time.Millisecond)
		_, span := tracer.Start(parent, fmt.Sprintf("span %d", number))
		span.SetAttributes(attribute.Int("interop.number", number))
		span.End()
	}
	root.End()
	if err := provider.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(root.SpanContext().TraceID())
}
