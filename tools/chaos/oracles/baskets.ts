import type { Told } from '@order-system/testing/shopper';
import { linesOf, type Oracle } from './oracle.ts';

const ADDED = /^POST \/api\/basket\/([^/]+)\/items$/;
const idOf = (told: Told): string => (told.body as { data: { order: { id: string } } }).data.order.id;

/** Customers take nothing out of a basket but by ordering it, so what they put in is in it or in their orders. */
export const baskets: Oracle = {
  id: 'O13',
  title: 'what was put into a basket is in it or was ordered, once',
  async look({ db, history }) {
    const kept = history.filter(({ status }) => status !== undefined && status < 300);
    const put = kept.flatMap(({ request, key, sent }) => {
      const [, basket] = ADDED.exec(request) ?? [];
      return basket === undefined ? [] : [{ ...(sent as object), basket, key }];
    });
    const placed = kept.flatMap((told) => {
      const { basketId: basket } = (told.sent ?? {}) as { basketId?: string };
      return told.request === 'POST /api/orders' && basket ? [{ basket, order: idOf(told) }] : [];
    });
    return {
      counted: `${put.length} additions, ${placed.length} baskets ordered`,
      findings: [
        ...(await linesOf(db, STILL_OUT)),
        ...(await linesOf(db, UNBALANCED, [JSON.stringify(put), JSON.stringify(placed)])),
      ],
    };
  },
};

const STILL_OUT = `SELECT format('what was taken out of basket %s for order %s is nowhere', basket_id, order_id) AS violation
  FROM basket.checkout`;

/** An answer that came again is the same addition, and the same order. */
const UNBALANCED = `
  WITH put AS (
    SELECT basket, "productId" AS product, sum(quantity) AS quantity FROM (
      SELECT DISTINCT * FROM jsonb_to_recordset($1::jsonb) AS p(key text, basket uuid, "productId" uuid, quantity int)
    ) p GROUP BY basket, product
  ), ordered AS (
    SELECT basket, product_id AS product, sum(quantity) AS quantity FROM (
      SELECT DISTINCT * FROM jsonb_to_recordset($2::jsonb) AS o(basket uuid, "order" uuid)
    ) o JOIN orders.order_line l ON l.order_id = o."order" GROUP BY basket, product
  ), found AS (
    SELECT basket, product, coalesce(put.quantity, 0) AS put, coalesce(ordered.quantity, 0) AS ordered,
      coalesce((SELECT i.quantity FROM basket.basket_item i WHERE i.basket_id = basket AND i.product_id = product), 0)
        AS kept
    FROM put FULL JOIN ordered USING (basket, product)
  )
  SELECT format('of product %s, %s were put into basket %s, %s are in it and %s in its orders', product, put, basket, kept,
    ordered) AS violation
  FROM found WHERE put <> kept + ordered`;
