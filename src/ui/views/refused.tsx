/** Instead of any view, where the server does not take the token. */
import { useState } from 'preact/hooks';
import { say, take } from '../state.ts';

export function Refused() {
  const [given, setGiven] = useState('');
  return (
    <section role="alert">
      <h1>{say('refusedTitle')}</h1>
      <p>{say('refused')}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          take(given);
        }}
      >
        <label>
          {say('address')}{' '}
          <input value={given} onInput={(event) => setGiven(event.currentTarget.value)} required />
        </label>{' '}
        <button type="submit">{say('open')}</button>
      </form>
    </section>
  );
}
