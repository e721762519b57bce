/** I/O: deploy/ as data. */
import { readFile } from 'node:fs/promises';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

const read = (name: string) => readFile(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');

const name = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const quantity = z.string().regex(/^\d+(m|Mi|Gi)?$/);
const words = z.array(z.string()).min(1);

/** What of a compose file is used here; anything else would be a slip. */
const Service = z.strictObject({
  image: z.string(),
  build: z.literal('.').optional(),
  user: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  command: words,
  environment: z.record(z.string(), z.string()),
  volumes: z.array(z.string().regex(/^\w+:\/\w+$/)),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal('CMD-SHELL'), z.string()]),
      interval: z.string(),
      timeout: z.string(),
      retries: z.int(),
    })
    .optional(),
  depends_on: z
    .record(z.string(), z.strictObject({ condition: z.literal('service_healthy') }))
    .optional(),
  cpus: z.number().optional(),
  stop_grace_period: z.string().optional(),
  restart: z.literal('unless-stopped').optional(),
});
const Compose = z.strictObject({
  name,
  services: z.record(name, Service),
  volumes: z.record(z.string(), z.null()),
});

/** `deploy/compose.yaml`. */
export const compose = async () =>
  Compose.parse(parse(await read('compose.yaml'), { strict: true }));

const metadata = z.strictObject({ name });
const labels = z.record(z.string(), z.string());
const selector = z.strictObject({ matchLabels: labels });
const resources = z.strictObject({
  requests: z.record(z.enum(['cpu', 'memory']), quantity),
  limits: z.partialRecord(z.enum(['cpu', 'memory']), quantity),
});
const Container = z.strictObject({
  name,
  image: z.string().regex(/^[a-z]+:[\w.]+$/),
  command: words.optional(),
  args: words.optional(),
  env: z.array(
    z.strictObject({
      name: z.string(),
      valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name, key: z.string() }) }),
    }),
  ),
  ports: z.array(z.strictObject({ name, containerPort: z.int() })).optional(),
  volumeMounts: z.array(z.strictObject({ name, mountPath: z.string().startsWith('/') })),
  readinessProbe: z
    .strictObject({ exec: z.strictObject({ command: words }), periodSeconds: z.int() })
    .optional(),
  resources,
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
});
const claimSpec = z.strictObject({
  accessModes: z.tuple([z.literal('ReadWriteOnce')]),
  resources: z.strictObject({ requests: z.strictObject({ storage: quantity }) }),
});
const template = z.strictObject({
  metadata: z.strictObject({ labels }),
  spec: z.strictObject({
    automountServiceAccountToken: z.literal(false),
    restartPolicy: z.literal('Never').optional(),
    securityContext: z.strictObject({
      runAsNonRoot: z.literal(true),
      runAsUser: z.int().positive(),
      runAsGroup: z.int().positive(),
      fsGroup: z.int().positive(),
    }),
    terminationGracePeriodSeconds: z.int().optional(),
    containers: z.tuple([Container]),
    volumes: z
      .array(
        z.union([
          z.strictObject({ name, emptyDir: z.strictObject({ sizeLimit: quantity }) }),
          z.strictObject({ name, persistentVolumeClaim: z.strictObject({ claimName: name }) }),
        ]),
      )
      .optional(),
  }),
});
const port = z.strictObject({ name, port: z.int() });
/** Those fields of the Kubernetes API (1.32) that are used here, under its names and types. */
const Manifest = z.discriminatedUnion('kind', [
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Service'),
    metadata,
    spec: z.strictObject({ clusterIP: z.literal('None'), selector: labels, ports: z.array(port) }),
  }),
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('StatefulSet'),
    metadata,
    spec: z.strictObject({
      serviceName: name,
      replicas: z.literal(1),
      selector,
      template,
      volumeClaimTemplates: z.array(z.strictObject({ metadata, spec: claimSpec })),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('Deployment'),
    metadata,
    spec: z.strictObject({ replicas: z.int(), selector, template }),
  }),
  z.strictObject({
    apiVersion: z.literal('batch/v1'),
    kind: z.literal('Job'),
    metadata,
    spec: z.strictObject({ backoffLimit: z.int(), template }),
  }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('PersistentVolumeClaim'),
    metadata,
    spec: claimSpec,
  }),
  z.strictObject({
    apiVersion: z.literal('networking.k8s.io/v1'),
    kind: z.literal('NetworkPolicy'),
    metadata,
    spec: z.strictObject({
      podSelector: selector,
      policyTypes: z.tuple([z.literal('Ingress')]),
      ingress: z.array(
        z.strictObject({
          from: z.array(z.strictObject({ podSelector: selector })),
          ports: z.array(z.strictObject({ port: z.int() })),
        }),
      ),
    }),
  }),
]);
export type Manifest = z.infer<typeof Manifest>;

/** `deploy/kubernetes.yaml`. */
export async function manifests(): Promise<Manifest[]> {
  return parseAllDocuments(await read('kubernetes.yaml'), { strict: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return Manifest.parse(document.toJS());
  });
}

/** Instructions of `deploy/Dockerfile`, comments left out. */
export async function dockerfile(): Promise<(readonly [instruction: string, rest: string])[]> {
  const lines = (await read('Dockerfile'))
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  return lines.map((line) => {
    const [, instruction, rest] = /^([A-Z]+) (.*)$/.exec(line)!;
    return [instruction, rest] as const;
  });
}
