/**
 * I/O: a DynamoDB and an MLflow that take everything, in a process of their own: prints their addresses,
 * and ends with its standard input.
 */
import { createServer } from 'node:http';
import dynalite from 'dynalite';

const answers = {
  'experiments/get-by-name': { experiment: { experiment_id: '1', lifecycle_stage: 'active' } },
  'runs/search': { runs: [] },
  'runs/create': {
    run: { info: { run_id: 'r', artifact_uri: 'mlflow-artifacts:/1/r/artifacts' } },
  },
  'runs/get': { run: { info: { run_id: 'r', lifecycle_stage: 'active' }, data: {} } },
};

const mlflow = createServer((request, response) => {
  request.resume().on('end', () => {
    const [, name] = /\/mlflow\/([^?]+)/.exec(request.url) ?? [];
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answers[name] ?? {}));
  });
});

const addresses = await Promise.all(
  [dynalite({ createTableMs: 0 }), mlflow].map(
    (server) =>
      new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
      }),
  ),
);
process.stdout.write(`${JSON.stringify(addresses)}\n`);
process.stdin.resume().on('end', () => process.exit());
