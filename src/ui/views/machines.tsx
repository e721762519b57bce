/** The machines that work for a run, as its log told them last. */
import type { MachinesTold } from '../../events.ts';
import { bytes, clock, shortNumber } from '../format.ts';
import { say } from '../state.ts';

export function MachinesView({ machines }: { readonly machines: MachinesTold | undefined }) {
  if (!machines) return null;
  const { workers, others = 0, waiting, active, retries, time, says = [] } = machines;
  return (
    <section aria-labelledby="machines">
      <h2 id="machines">{say('machines')}</h2>
      <p class="quiet">
        {say('queue', { waiting, active, retries })} · {clock(time)}
      </p>
      {says.map((one) => (
        <p key={one}>
          <bdi>{one}</bdi>
        </p>
      ))}
      {workers.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{say('machine')}</th>
              <th scope="col" class="number">
                {say('machineJobs')}
              </th>
              <th scope="col" class="number">
                {say('machineRate')}
              </th>
              <th scope="col" class="number">
                {say('machineBusy')}
              </th>
              <th scope="col" class="number">
                {say('memory')}
              </th>
              <th scope="col">{say('engine')}</th>
            </tr>
          </thead>
          <tbody>
            {workers.map(({ name, host, engine, jobs, perMinute, busy, memory }) => (
              <tr key={`${name} ${host}`}>
                <th scope="row">
                  <bdi>{name}</bdi>
                </th>
                <td class="number">{jobs}</td>
                <td class="number">{shortNumber(perMinute)}</td>
                <td class="number">{Math.round(100 * busy)} %</td>
                <td class="number">{bytes(memory)}</td>
                <td>
                  <bdi>{engine}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {others > 0 && <p class="quiet">{say('otherMachines', { count: others })}</p>}
    </section>
  );
}
