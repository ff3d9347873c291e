-- One order as one PostgreSQL transaction: the strongest monolith that the actors of souk are measured against.
--
-- Wants the psql variables users, poor, products. A prototype of this shape was about a tenth cheaper than the plain
-- sequence of statements (paired runs, one client, CPU only). Decisions:
--   * The order row is the idempotency row (unique key): one row and one index less than a table of keys.
--   * Refusals are found by reading first, so that refusing needs no subtransaction and undoing is left to races.
--   * The lines that many orders want (stock) are locked last, for the length of one statement and the commit.
--   * Inserts that need no answer are one statement: starting an executor costs about as much as its row.
--   * Integer keys everywhere, even for idempotency, where clients send text; no foreign keys (the function asks itself);
--     no index the order does not need.
--   * Room on the pages (fillfactor) keeps updates of stock, wallets and coupons off the indexes (HOT).
-- Best sellers are counted after the order, not in it, on both sides.

\set ON_ERROR_STOP on
set client_min_messages = warning;

create type order_state as enum ('PENDING', 'COMPLETED', 'FAILED', 'CANCELLED');
create type payment_state as enum ('REQUESTED', 'APPROVED', 'CANCELLED');

create table users (id int primary key, name text not null);
create table wallets (user_id int primary key, balance bigint not null) with (fillfactor = 50);
create table wallet_entries (
  id bigint generated always as identity primary key, order_id bigint, amount bigint not null,
  balance_after bigint not null, at timestamptz not null, user_id int not null);
create table products (id int primary key, price int not null, stock bigint not null, name text not null)
  with (fillfactor = 20);
create table campaigns (
  id int primary key, percent int not null, starts timestamptz not null, ends timestamptz not null,
  code text not null unique);
create table coupons (id bigint primary key, order_id bigint, user_id int not null, campaign int not null)
  with (fillfactor = 50);
create table orders (
  id bigint generated always as identity primary key, key bigint not null unique, request bigint not null,
  coupon bigint, gross bigint not null, total bigint not null, at timestamptz not null, user_id int not null,
  state order_state not null, reason text);
create table order_items (
  order_id bigint, product int, quantity int not null, price int not null, primary key (order_id, product));
create table payments (
  order_id bigint primary key, amount bigint not null, at timestamptz not null, state payment_state not null);
create table outbox (id bigint generated always as identity primary key, event text not null);
-- What the audit starts from.
create table opening (balance bigint not null, stock bigint not null);

-- Users above :users are poor: their wallets are empty.
insert into opening values (1000000000000, 1000000000);
insert into users select i, 'User ' || i from generate_series(1, :users + :poor) i;
insert into wallets
  select i, case when i <= :users then opening.balance else 0 end from opening, generate_series(1, :users + :poor) i;
insert into wallet_entries (user_id, amount, balance_after, at) select user_id, balance, balance, now() from wallets;
insert into products select i, 100 + i % 1000, opening.stock, 'Product ' || i from opening, generate_series(1, :products) i;
insert into campaigns values (1, 10, now() - interval '1 day', now() + interval '30 days', 'TEN');

-- Issues `n` coupons and returns the id before the first. The owner follows from the id, so that the load needs no look-up.
create function issue_coupons(n bigint, users bigint) returns bigint language plpgsql as $$
declare
  v_last bigint := greatest(0, (select max(id) from coupons));
begin
  insert into coupons select i, null, 1 + i * 2654435761 % users, 1 from generate_series(v_last + 1, v_last + n) i;
  return v_last;
end $$;

-- Places an order of different products and returns its id, state and reason. The same key again gets the first answer;
-- with another request it is an error (idempotency_conflict). SQLSTATE 40001 means that another order won a race; ask again.
create function place_order(
  a_key bigint, a_user int, a_items int[], a_quantities int[], a_coupon bigint,
  out r_order bigint, out r_state order_state, out r_reason text)
language plpgsql as $$
declare
  v_at timestamptz := now();
  v_one boolean := cardinality(a_items) = 1;
  v_request bigint := hash_record_extended(row (a_user, a_items, a_quantities, a_coupon), 0);
  v_price int;
  v_prices int[];
  v_stock bigint;
  v_short boolean;
  v_percent int;
  v_gross bigint;
  v_total bigint;
  v_balance bigint;
  v_item record;
  v_first record;
begin
  -- Price the basket and look the user up.
  if v_one then
    select p.price, p.stock, p.price::bigint * a_quantities[1] into v_price, v_stock, v_gross
      from products p, users u where p.id = a_items[1] and u.id = a_user;
    v_short := v_stock < a_quantities[1];
  else
    select array_agg(p.price order by i.line), sum(p.price::bigint * i.quantity), bool_or(p.stock < i.quantity)
      into v_prices, v_gross, v_short
      from users u, unnest(a_items, a_quantities) with ordinality i(product, quantity, line)
      join products p on p.id = i.product
      where u.id = a_user having count(*) = cardinality(a_items);
  end if;

  if v_gross is null then
    r_reason := case when exists (select from users where id = a_user) then 'unknown_product' else 'unknown_user' end;
  elsif v_short then
    r_reason := 'sold_out';
  elsif a_coupon is not null then
    select k.percent into v_percent from coupons c, campaigns k
      where c.id = a_coupon and c.user_id = a_user and c.order_id is null
        and k.id = c.campaign and v_at between k.starts and k.ends;
    if not found then
      r_reason := 'coupon_invalid';
    end if;
  end if;

  -- The order row claims the key: from here on the same key waits for this transaction, and then gets its answer.
  v_total := v_gross - v_gross * coalesce(v_percent, 0) / 100;
  insert into orders (key, request, coupon, gross, total, at, user_id, state, reason)
    values (a_key, v_request, a_coupon, coalesce(v_gross, 0), coalesce(v_total, 0), v_at, a_user,
            case when r_reason is null then 'COMPLETED' else 'FAILED' end::order_state, r_reason)
    on conflict (key) do nothing returning id into r_order;
  if not found then
    select id, request, state, reason into v_first from orders where key = a_key;
    if v_first.request <> v_request then
      raise exception 'idempotency_conflict';
    end if;
    r_order := v_first.id;
    r_state := v_first.state;
    r_reason := v_first.reason;
    return;
  end if;
  if r_reason is not null then
    r_state := 'FAILED';
    return;
  end if;

  -- Money, then the coupon; nothing is to be undone when the money is short.
  update wallets set balance = balance - v_total where user_id = a_user and balance >= v_total
    returning balance into v_balance;
  if not found then
    r_state := 'FAILED';
    r_reason := 'insufficient_funds';
    update orders set state = r_state, reason = r_reason where id = r_order;
    return;
  end if;
  if a_coupon is not null then
    update coupons set order_id = r_order where id = a_coupon and order_id is null;
    if not found then
      raise serialization_failure using message = 'the coupon was used meanwhile';
    end if;
  end if;

  if v_one then
    insert into order_items values (r_order, a_items[1], a_quantities[1], v_price);
  else
    insert into order_items
      select r_order, i.product, i.quantity, i.price from unnest(a_items, a_quantities, v_prices) i(product, quantity, price);
  end if;
  with entry as (
    insert into wallet_entries (user_id, order_id, amount, balance_after, at)
      values (a_user, r_order, -v_total, v_balance, v_at)),
  payment as (
    insert into payments values (r_order, v_total, v_at, 'APPROVED'))
  insert into outbox (event) values (
    '{"specversion":"1.0","id":"order-' || r_order || '","source":"/orders","type":"order.completed","time":'
    || to_json(v_at) || ',"datacontenttype":"application/json","data":{"order":' || r_order || ',"user":' || a_user
    || ',"total":' || v_total || '}}');

  -- Stock last, because many want the same; several products in the order of their ids, so that orders never deadlock.
  if v_one then
    update products set stock = stock - a_quantities[1] where id = a_items[1] and stock >= a_quantities[1];
    v_short := not found;
  else
    for v_item in
      select product, quantity from unnest(a_items, a_quantities) i(product, quantity) order by product
    loop
      update products set stock = stock - v_item.quantity where id = v_item.product and stock >= v_item.quantity;
      v_short := v_short or not found;
    end loop;
  end if;
  if v_short then
    raise serialization_failure using message = 'sold out meanwhile';
  end if;
  r_state := 'COMPLETED';
end $$;

-- The books after the run: one row a rule, with how often it is broken.
create view audit as
with sold as (
  select i.product, sum(i.quantity) as quantity from order_items i join orders o on o.id = i.order_id
  where o.state = 'COMPLETED' group by i.product)
select 'stock + sold = initial' as rule, count(*) as violations
  from opening, products p left join sold s on s.product = p.id
  where p.stock + coalesce(s.quantity, 0) <> opening.stock
union all
select 'wallet = sum of its entries', count(*)
  from wallets w
  full join (select user_id, sum(amount) as amount from wallet_entries group by user_id) e on e.user_id = w.user_id
  where w.balance is distinct from e.amount or w.balance < 0
union all
select 'every entry carries the balance after it', count(*)
  from (select balance_after, sum(amount) over (partition by user_id order by id) as balance from wallet_entries) e
  where balance_after <> balance
union all
select 'a coupon is used by one completed order', count(*)
  from (select id, coupon from orders where state = 'COMPLETED' and coupon is not null) o
  full join (select id, order_id from coupons where order_id is not null) c on c.id = o.coupon
  where c.order_id is distinct from o.id
union all
select 'a completed order has its items, entry and payment, a failed one none', count(*)
  from orders o
  left join (select order_id, sum(price::bigint * quantity) as gross from order_items group by order_id) i
    on i.order_id = o.id
  left join payments p on p.order_id = o.id
  left join wallet_entries e on e.order_id = o.id
  where (o.state = 'COMPLETED' and (i.gross, p.amount, e.amount) is distinct from (o.gross, o.total, -o.total))
     or (o.state = 'FAILED' and (o.reason is null or coalesce(i.order_id, p.order_id, e.order_id) is not null))
     or o.state not in ('COMPLETED', 'FAILED')
union all
select 'one event for each completed order', abs((select count(*) from outbox)
  - (select count(*) from orders where state = 'COMPLETED'));

vacuum analyze;
