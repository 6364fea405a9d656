// Sends the spans of one trace with the OpenTelemetry SDK for JavaScript and prints the
// trace's id: node exporter.js grpc|http HOST:PORT SPANS MILLISECONDS_BETWEEN_THEM

import { setTimeout as sleep } from "node:timers/promises";
import { diag, DiagConsoleLogger, DiagLogLevel, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

const [protocol, endpoint, spans, pause] = process.argv.slice(2);
const TIMEOUT = 60_000;

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.INFO);
const settings = { compression: CompressionAlgorithm.GZIP, timeoutMillis: TIMEOUT };

// Sends again what the exporter gave up. exporter-trace-otlp-grpc 0.223 never tries again.
class Resending {
  constructor(exporter) {
    this.exporter = exporter;
  }

  export(spans, done, deadline = Date.now() + TIMEOUT) {
    this.exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS || Date.now() > deadline) done(result);
      else setTimeout(() => this.export(spans, done, deadline), 500);
    });
  }

  shutdown() {
    return this.exporter.shutdown();
  }
}

const exporter =
  protocol === "grpc"
    ? new Resending(new GrpcExporter({ url: `http://${endpoint}`, ...settings }))
    : new HttpExporter({ url: `http://${endpoint}/v1/traces`, ...settings });
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": `node over ${protocol}` }),
  spanProcessors: [
    new BatchSpanProcessor(exporter, { scheduledDelayMillis: 200, exportTimeoutMillis: TIMEOUT }),
  ],
});
const tracer = provider.getTracer("interop");

const root = tracer.startSpan("span 1");
const parent = trace.setSpan(ROOT_CONTEXT, root);
for (let number = 2; number <= Number(spans); number++) {
  await sleep(Number(pause));
  const span = tracer.startSpan(`span ${number}`, {}, parent);
  span.setAttribute("interop.number", number);
  span.end();
}
root.end();
await provider.forceFlush();
await provider.shutdown();
console.log(root.spanContext().traceId);
