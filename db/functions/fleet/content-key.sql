-- Under which key a content stands; null: in clear. Looks at its beginning only: a text in clear may hold
-- what no text of PostgreSQL can. What refers to an object names the key of the object.
create or replace function content_key(p_content text) returns uuid
language sql immutable parallel safe
as $$
  select case when p_content like '"enc1.%' or p_content like 'enc1.%' or p_content like '"obj1.%' then
    substring(left(p_content, 50) from '^"?(?:enc1|obj1)\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.')::uuid
  end
$$;
