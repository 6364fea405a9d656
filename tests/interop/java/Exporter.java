// Sends the spans of one trace with the OpenTelemetry SDK for Java and prints the trace's id:
// java Exporter.java grpc|http HOST:PORT SPANS MILLISECONDS_BETWEEN_THEM

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

public class Exporter {
  static final Duration TIMEOUT = Duration.ofSeconds(60);

  static SpanExporter exporter(String protocol, String endpoint) {
    if (protocol.equals("grpc")) {
      return OtlpGrpcSpanExporter.builder()
          .setEndpoint("http://" + endpoint)
          .setCompression("gzip")
          .setTimeout(TIMEOUT)
          .build();
    }
    return OtlpHttpSpanExporter.builder()
        .setEndpoint("http://" + endpoint + "/v1/traces")
        .setCompression("gzip")
        .setTimeout(TIMEOUT)
        .build();
  }

  public static void main(String[] given) throws Exception {
    String protocol = given[0];
    int spans = Integer.parseInt(given[2]);
    long pause = Long.parseLong(given[3]);
    AttributeKey<String> service = AttributeKey.stringKey("service.name");
    SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setResource(Resource.create(Attributes.of(service, "java over " + protocol)))
            .addSpanProcessor(
                BatchSpanProcessor.builder(exporter(protocol, given[1]))
                    .setScheduleDelay(Duration.ofMillis(200))
                    .setExporterTimeout(TIMEOUT)
                    .build())
            .build();
    Tracer tracer = provider.get("interop");

    Span root = tracer.spanBuilder("span 1").startSpan();
    Context parent = Context.root().with(root);
    for (int number = 2; number <= spans; number++) {
      Thread.sleep(pause);
      Span span = tracer.spanBuilder("span " + number).setParent(parent).startSpan();
      span.setAttribute("interop.number", number);
      span.end();
    }
    root.end();
    provider.shutdown().join(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    System.out.println(root.getSpanContext().getTraceId());
  }
}
