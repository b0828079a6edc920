import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';

import { ask, connection } from '../api/server.ts';
import { useWhoAmI } from '../api/session.ts';

/** The administrator of the platform is of no organization: the first is chosen, until they say another. */
export function useOrganization(): boolean {
  const { data: me } = useWhoAmI();
  const { organization } = connection.use();
  const isWithout = me !== undefined && me.organization === null && organization === null;
  const found = useQuery({
    ...ask('identity.listOrganizations', { query: { limit: 200 } }),
    enabled: isWithout,
  });
  const first = found.data?.organizations[0]?.id;
  useEffect(() => {
    if (isWithout && first !== undefined)
      connection.set({ ...connection.get(), organization: first });
  }, [isWithout, first]);
  return me !== undefined && me.organization !== null;
}
