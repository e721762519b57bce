/** deploy/ is what Docker and Kubernetes read. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { compose, dockerfile, type Manifest, manifests } from './manifests.ts';

const root = new URL('../../', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
const all = await manifests();
const { services, volumes } = await compose();

const of = <Kind extends Manifest['kind']>(kind: Kind) =>
  all.filter((one): one is Extract<Manifest, { kind: Kind }> => one.kind === kind);
const pods = [...of('StatefulSet'), ...of('Deployment'), ...of('Job')].map(
  ({ kind, metadata, spec }) => ({ kind, name: metadata.name, ...spec.template }),
);
const containers = pods.flatMap(({ spec }) => spec.containers);

test('no password stands in a file or on a command line', async () => {
  const places = [services.redis.command, ...containers.flatMap(({ command = [] }) => [command])];
  for (const [shell, flag, script] of places.filter(({ length }) => length > 0)) {
    expect([shell, flag]).toEqual(['sh', '-c']);
    const [line, ...input] = script.trimEnd().split('\n');
    expect(line).toMatch(/^exec redis-server - .*<<END$/);
    expect(line).not.toContain('PASSWORD');
    expect(input).toEqual([
      expect.stringMatching(/^requirepass "\$+TACTFUL_REDIS_PASSWORD"$/),
      'END',
    ]);
  }
  const secrets = containers.flatMap(({ env }) => env.map((one) => one.valueFrom.secretKeyRef));
  expect(new Set(secrets.map((one) => `${one.name}/${one.key}`))).toEqual(
    new Set(['tactful-redis/password']),
  );
  for (const { environment } of Object.values(services))
    expect(environment.TACTFUL_REDIS_PASSWORD).toMatch(/^\$\{TACTFUL_REDIS_PASSWORD:\?/);
});

test('names in the cluster lead somewhere', () => {
  const labelled = (wanted: Record<string, string>) =>
    pods.filter(({ metadata }) =>
      Object.entries(wanted).every(([key, value]) => metadata.labels[key] === value),
    );
  const [service] = of('Service');
  const [redis] = of('StatefulSet');
  expect(service.metadata.name).toBe(redis.spec.serviceName);
  expect(labelled(service.spec.selector).map(({ name }) => name)).toEqual([redis.metadata.name]);
  for (const { spec } of [...of('StatefulSet'), ...of('Deployment')])
    expect(labelled(spec.selector.matchLabels)).toHaveLength(1);
  const [policy] = of('NetworkPolicy');
  expect(labelled(policy.spec.podSelector.matchLabels).map(({ kind }) => kind)).toEqual([
    'StatefulSet',
  ]);
  const [{ podSelector }] = policy.spec.ingress[0].from;
  expect(labelled(podSelector.matchLabels).map(({ kind }) => kind)).toEqual(['Deployment', 'Job']);
  const claims = of('PersistentVolumeClaim').map(({ metadata }) => metadata.name);
  for (const { spec, kind } of pods) {
    const own = kind === 'StatefulSet' ? redis.spec.volumeClaimTemplates : [];
    const known = [...(spec.volumes ?? []), ...own.map(({ metadata }) => metadata)];
    for (const { volumeMounts } of spec.containers)
      for (const mount of volumeMounts) expect(known.map(({ name }) => name)).toContain(mount.name);
    for (const volume of spec.volumes ?? [])
      if ('persistentVolumeClaim' in volume)
        expect(claims).toContain(volume.persistentVolumeClaim.claimName);
  }
});

test('names in the compose file lead somewhere', () => {
  for (const service of Object.values(services)) {
    for (const other of Object.keys(service.depends_on ?? {}))
      expect(services[other].healthcheck).toBeDefined();
    for (const volume of service.volumes)
      expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
  }
});

test('a worker has as many cores as threads', () => {
  const threads = (words: readonly string[]) => Number(words[words.indexOf('--threads') + 1]);
  expect(threads(services.worker.command)).toBe(services.worker.cpus);
  const [{ args = [], resources }] = of('Deployment')[0].spec.template.spec.containers;
  expect(`${threads(args)}`).toBe(resources.requests.cpu);
  expect(resources.limits.cpu).toBe(resources.requests.cpu);
});

test('the image has this version, and folders for all that is mounted', async () => {
  const lines = await dockerfile();
  expect(lines).toContainEqual(['ARG', `TACTFUL_VERSION=${version}`]);
  expect(containers.map(({ image }) => image)).toEqual([
    expect.stringMatching(/^redis:/),
    ...[`tactful:${version}`, `tactful:${version}`],
  ]);
  expect(lines.at(-1)).toEqual(['ENTRYPOINT', '["tactful"]']);
  expect(lines.findIndex(([name]) => name === 'USER')).toBeGreaterThan(
    lines.findLastIndex(([name]) => name === 'RUN'),
  );
  const [, made] = lines.find(([, rest]) => rest.startsWith('mkdir'))!;
  const mounted = containers.slice(1).flatMap(({ volumeMounts }) => volumeMounts);
  for (const { mountPath } of mounted) expect(made).toContain(mountPath);
});
