/* Asks the series view: takes a range or a window, gives the numbers as points; what went wrong is an error with words. */

/* What is foreseen: its message is for readers. */
export class Trouble extends Error {}

export class LoggedOut extends Trouble {}

const FAR = "the server cannot be reached";

const answer = async (address, signal) => {
  let response;
  try {
    response = await fetch(address, { redirect: "manual", signal });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Trouble(FAR);
  }
  if (response.type === "opaqueredirect" || [401, 403].includes(response.status)) throw new LoggedOut();
  if (response.status === 404) throw new Trouble("it is not there, or no longer for you");
  if (!response.ok) throw new Trouble(`the server answered ${response.status}`);
  if (!response.headers.get("Content-Type")?.startsWith("application/json")) throw new LoggedOut();
  try {
    return await response.json();
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Trouble("the answer was cut");
  }
};

const points = ({ x, y }) => x.map((moment, place) => ({ x: moment, y: y[place] }));

const inTime = (one, other) => one.x - other.x;

/* The numbers of an answer: `lines` with their points in the order of time, the days, what is marked. */
export const numbers = (told) => {
  const of = (pane) => told.datasets.filter((dataset) => dataset.yAxisID === pane);
  return {
    lines: of("size").map(({ label, data }) => ({ label, points: points(data).sort(inTime) })),
    days: points(of("count")[0].data).sort(inTime),
    expected: told.expectedPerDay,
    isWhole: told.isWhole,
    planned: told.planned,
    findings: told.findings,
    leftOut: told.findingsLeftOut,
    purges: told.purges,
  };
};

export class Feed {
  constructor(address, replica) {
    this.address = address;
    this.replica = replica;
  }

  range(name, signal) {
    return this.#ask({ range: name }, signal);
  }

  window(min, max, signal) {
    return this.#ask({ begin: Math.floor(min), end: Math.ceil(max) }, signal);
  }

  async #ask(query, signal) {
    const asked = new URLSearchParams(this.replica ? { ...query, replica: this.replica } : query);
    return numbers(await answer(`${this.address}?${asked}`, signal));
  }
}
