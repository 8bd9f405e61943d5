// The page with react-select 5 on React 18: div.react-select__input-container > input.react-select__input.
import { createRoot } from 'react-dom/client';
import { start } from './start.jsx';

start((element, container) => createRoot(container).render(element));
