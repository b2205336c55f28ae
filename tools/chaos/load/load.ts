import { Shopper, type Told } from '@order-system/testing/shopper';
import { eventually } from '@order-system/messaging/testing/eventually';
import type { Random } from '../random.ts';
import { Customer } from './customer.ts';
import { Staff } from './staff.ts';

const CUSTOMERS = 4;
const WARM_WITHIN_MS = 60_000;

export interface People {
  readonly url: string;
  readonly admin: { readonly email: string; readonly password: string };
  readonly random: Random;
}

/** Everybody who uses the system during a fault, and everything they were told. */
export class Load {
  private readonly people: People;
  readonly problems: string[] = [];
  private readonly shoppers: Shopper[] = [];
  private customers: Customer[] = [];
  private products: readonly string[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private closing: Promise<unknown> = Promise.resolve();
  private staffPerson: Staff | undefined;

  constructor(people: People) {
    this.people = people;
  }

  get everybody(): readonly Shopper[] {
    return this.shoppers;
  }

  get history(): Told[] {
    return this.shoppers.flatMap(({ history }) => history);
  }

  get bought(): number {
    return this.customers.reduce((sum, { bought }) => sum + bought, 0);
  }

  async start(): Promise<void> {
    const { random } = this.people;
    this.staffPerson = new Staff(await this.staff(), random.of('staff'));
    this.products = await this.staffPerson.fillShelves();
    const people = await Promise.all(Array.from({ length: CUSTOMERS }, () => this.shopper()));
    this.customers = people.map(
      (shopper, index) => new Customer(shopper, this.products, random.of(`customer ${index}`)),
    );
    this.running = Promise.all(this.customers.map((customer) => this.follow('a customer', customer.run())));
    this.closing = this.follow('staff', this.staffPerson.run());
  }

  /** Resolves when so many purchases are done. */
  async warm(purchases: number): Promise<void> {
    await eventually(() => {
      if (this.bought < purchases) throw new Error(`only ${this.bought} of ${purchases} purchases are done`);
    }, WARM_WITHIN_MS);
  }

  /** Resolves when a new customer has something paid for. */
  async purchase(): Promise<void> {
    const customer = new Customer(await this.shopper(), this.products, this.people.random.of('last'));
    await customer.buyForCertain();
  }

  /** Lets the customers finish what they began; staff goes on. */
  async finish(): Promise<void> {
    for (const customer of this.customers) customer.stop();
    await this.running;
    this.staffPerson?.settleEverything();
  }

  async sendStaffHome(): Promise<void> {
    this.staffPerson?.stop();
    await this.closing;
  }

  /** Whatever they are doing, they begin nothing new. */
  abandon(): void {
    for (const customer of this.customers) customer.stop();
    this.staffPerson?.stop();
  }

  async shopper(): Promise<Shopper> {
    return this.remember(new Shopper(this.people.url)).signUp();
  }

  async staff(): Promise<Shopper> {
    return this.remember(new Shopper(this.people.url)).logIn(this.people.admin);
  }

  private remember(shopper: Shopper): Shopper {
    this.shoppers.push(shopper);
    return shopper;
  }

  /** Whoever cannot go on is a finding, not the end of the run. */
  private async follow(who: string, work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => this.problems.push(`${who} could not go on: ${String(error)}`));
  }
}
